import Foundation
import Martlet

/// Commands at a steady rate, whether or not the ones before are done, and how long each one's effect takes to be seen.
///
/// The time begins when the command is accepted and ends when a session that has no other part in it has read the row
/// as the command left it: the application's own word is not asked. That session looks again every quarter of a
/// millisecond, which counts into the latency.
struct LiveCommands {
    let application: Application
    let reader: ConnectionPool
    let seconds: Int
    private static let perSecond = 200
    private static let accounts = 1000
    private let run = UUID().uuidString

    init(_ application: Application, seconds: Int) {
        (self.application, self.seconds) = (application, seconds)
        reader = ConnectionPool(application.pool.configuration, size: 4)
    }

    /// The first second opens connections and is not counted.
    func measure() async throws -> Measurement {
        let running = Task { try await application.run() }
        defer { running.cancel() }
        _ = try await latencies(of: Self.perSecond)
        let start = ContinuousClock.now
        let latencies = try await latencies(of: Self.perSecond * seconds)
        return Measurement(events: latencies.count, latencies: latencies, in: ContinuousClock.now - start)
    }

    /// Ends before its time when it is over.
    func latencies(until isOver: @escaping @Sendable () -> Bool) async throws -> [Duration] {
        try await latencies(of: Self.perSecond * seconds, until: isOver)
    }

    private func latencies(
        of count: Int, until isOver: @Sendable () -> Bool = { false }
    ) async throws -> [Duration] {
        try await withThrowingTaskGroup(of: Duration.self) { group in
            let start = ContinuousClock.now
            for number in 0..<count where !isOver() {
                try await Task.sleep(until: start + .seconds(1) / Self.perSecond * number, clock: .continuous)
                group.addTask { try await latency(of: Account.ID("\(run)-\(number % Self.accounts)")) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func latency(of account: Account.ID) async throws -> Duration {
        let receipt = try await application.execute(.sample, on: account)
        let accepted = ContinuousClock.now
        while try await !isVisible(receipt, of: account) { try await Task.sleep(for: .microseconds(250)) }
        return ContinuousClock.now - accepted
    }

    private func isVisible(_ receipt: Receipt, of account: Account.ID) async throws -> Bool {
        try await reader.query(
            .prepared(
                """
                SELECT position >= \(receipt.position.rawValue) FROM \(application.readModels).balances
                WHERE account = \(account.key)
                """)
        ).first?.decode(Bool.self) ?? false
    }
}
