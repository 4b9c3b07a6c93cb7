import Foundation
import Martlet
import MartletMessaging
import MartletPostgres
import Synchronization

/// Relays messages or consumes them until it is ended, on the database that the environment names.
///
/// - `relay [LOG]`: into the log of another database, when one is named.
/// - `consume EFFECTS [STEP HIT SIGNAL LEASE]`: with its effects in another database; sends itself a signal when it has
///   come to a step so many times. The lease is in seconds.
/// - `read-slowly EFFECTS`
@main struct Fixture {
    private static let lease: Duration = .seconds(1)

    static func main() async throws {
        var arguments = CommandLine.arguments.dropFirst()
        switch (arguments.popFirst(), arguments.popFirst()) {
        case ("relay", let log): try await relay(into: log)
        case ("consume", let effects?):
            let lease = arguments.count == 4 ? Int(arguments.removeLast()).map { .seconds($0) } ?? lease : lease
            let steps = arguments.count == 3 ? signal(at: Array(arguments)) : .none
            try await consume(ConsumerPart(Effects()), effects: effects, lease, steps)
        case ("read-slowly", let effects?): try await consume(ConsumerPart(Slowly()), effects: effects, lease, .none)
        default: fatalError("expected: relay [LOG] | consume EFFECTS [STEP HIT SIGNAL LEASE] | read-slowly EFFECTS")
        }
    }

    private static func relay(into other: String?) async throws {
        let log = other.map { EmbeddedLog(postgres: .environment.database($0), connections: 4) }
        let application = Application(postgres: .environment, connections: 4, lease: lease) {
            if let log { Publishing(Counts(), to: log) } else { Publishing(Counts()) }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            if let log { group.addTask { try await log.run() } }
            try await group.waitForAll()
        }
    }

    private static func consume(
        _ part: ConsumerPart, effects: String, _ lease: Duration, _ steps: ConsumerSteps
    ) async throws {
        let log = EmbeddedLog(postgres: .environment, connections: 4)
        let pool = ConnectionPool(.environment.database(effects), size: 4)
        try await Consumers(of: log, pool, lease: lease, steps: steps, [part]).run()
    }

    private static func signal(at place: [String]) -> ConsumerSteps {
        guard let hit = Int(place[1]), let signal = Int32(place[2]) else { fatalError("expected: STEP HIT SIGNAL") }
        let left = Left(hit)
        return ConsumerSteps { step in
            if "\(step)" == place[0], left.takeOne() == 0 { kill(getpid(), signal) }
        }
    }
}

private final class Left: Sendable {
    private let count: Mutex<Int>

    init(_ count: Int) { self.count = Mutex(count) }

    func takeOne() -> Int {
        count.withLock { count in
            count -= 1
            return count
        }
    }
}
