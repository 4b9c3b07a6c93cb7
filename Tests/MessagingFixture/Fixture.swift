import Foundation
import Martlet
import MartletMessaging
import MartletPostgres
import Synchronization

/// Relays messages or consumes them until it is ended, on the database that the environment names.
///
/// - `relay [LOG]`: into the log of another database, when one is named.
/// - `consume EFFECTS [STEP HIT]`: with its effects in another database; kills itself when it has come to a step so many
///   times.
/// - `read-slowly EFFECTS`
@main struct Fixture {
    private static let lease: Duration = .seconds(1)

    static func main() async throws {
        var arguments = CommandLine.arguments.dropFirst()
        switch (arguments.popFirst(), arguments.popFirst()) {
        case ("relay", let log): try await relay(into: log)
        case ("consume", let effects?):
            let steps = suicide(at: arguments.popFirst(), hit: arguments.popFirst())
            try await consume(ConsumerPart(Effects()), effects: effects, steps)
        case ("read-slowly", let effects?): try await consume(ConsumerPart(Slowly()), effects: effects, .none)
        default: fatalError("expected: relay [LOG] | consume EFFECTS [STEP HIT] | read-slowly EFFECTS")
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

    private static func consume(_ part: ConsumerPart, effects: String, _ steps: ConsumerSteps) async throws {
        let log = EmbeddedLog(postgres: .environment, connections: 4)
        let pool = ConnectionPool(.environment.database(effects), size: 4)
        try await Consumers(of: log, pool, lease: lease, steps: steps, [part]).run()
    }

    private static func suicide(at name: String?, hit: String?) -> ConsumerSteps {
        guard let name, let hit = hit.flatMap({ Int($0) }) else { return .none }
        let left = Left(hit)
        return ConsumerSteps { step in
            if "\(step)" == name, left.takeOne() == 0 { kill(getpid(), SIGKILL) }
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
