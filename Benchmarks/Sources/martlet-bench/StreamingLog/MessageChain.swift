import Foundation
import Martlet
import Synchronization

/// A thousand events a second, each appended by itself, and how long it takes from the call until the effect of its
/// message is seen in the consumer's table, by a session that has no other part in it and looks each millisecond.
struct MessageChain<Messages: Publication> {
    let application: Application
    let seconds: Int
    private static var perSecond: Int { 1000 }
    private static var accounts: Int { 1000 }

    func measure() async throws -> Measurement {
        try await application.migrate()
        let pool = application.pool
        try await pool.execute(
            """
            CREATE TABLE arrived (partition integer, "offset" bigint, number bigint NOT NULL,
                PRIMARY KEY (partition, "offset"))
            """)
        let consumers = Consumers(of: application.log, postgres: pool.configuration) { Arrivals<Messages>() }
        try await consumers.migrate()
        let running = Task { try await application.run() }
        let consuming = Task { try await consumers.run() }
        defer {
            running.cancel()
            consuming.cancel()
        }
        // The first second opens connections and has statements planned; it is not counted.
        let count = Self.perSecond * (seconds + 1)
        let calls = CallTimes(count: count)
        let start = ContinuousClock.now
        async let arrivals = watch(for: count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                try await Task.sleep(until: start + .seconds(1) / Self.perSecond * number, clock: .continuous)
                group.addTask { [application] in
                    calls.begins(number)
                    let event = Account.Event.received(
                        account: "\(number)", reference: "INV-2026-000123456", cents: 1, note: "thank you")
                    try await application.store.append(
                        [event], to: Account.ID("\(number % Self.accounts)"), expecting: .any)
                }
            }
            try await group.waitForAll()
        }
        let seen = try await arrivals
        let latencies = (Self.perSecond..<count).map { seen[$0] - calls[$0] }
        return Measurement(events: latencies.count, latencies: latencies, in: .seconds(seconds))
    }

    /// When each was seen first.
    private func watch(for count: Int) async throws -> [ContinuousClock.Instant] {
        let reader = ConnectionPool(application.pool.configuration, size: 1)
        try await reader.query("SET plan_cache_mode = force_generic_plan")
        var seen = Array(repeating: ContinuousClock.now, count: count)
        var lasts = Array(repeating: Int64(-1), count: Messages.topic.partitions)
        var left = count
        let deadline = ContinuousClock.now + .seconds(seconds + 60)
        while left > 0 {
            let rows = try await reader.query(
                .prepared(
                    """
                    SELECT a.partition, a."offset", a.number FROM unnest(\(lasts)) WITH ORDINALITY l (last, number)
                    CROSS JOIN LATERAL (
                        SELECT * FROM arrived a WHERE a.partition = l.number - 1 AND a."offset" > l.last
                        ORDER BY a."offset") a
                    """))
            let now = ContinuousClock.now
            for row in rows {
                let (partition, offset, number) = try row.decode(Int32.self, Int64.self, Int.self)
                lasts[Int(partition)] = max(lasts[Int(partition)], offset)
                seen[number] = now
                left -= 1
            }
            guard now < deadline else { throw MessageFlow.Wrong(description: "\(left) messages had no effect") }
            try await Task.sleep(for: .milliseconds(1))
        }
        return seen
    }
}

/// When each call began.
private final class CallTimes: Sendable {
    private let times: Mutex<[ContinuousClock.Instant]>

    init(count: Int) { times = Mutex(Array(repeating: .now, count: count)) }

    func begins(_ number: Int) { times.withLock { $0[number] = .now } }

    subscript(number: Int) -> ContinuousClock.Instant { times.withLock { $0[number] } }
}

/// A row for each message.
struct Arrivals<Messages: Publication>: MessageHandler {
    static var name: String { "arrivals" }
    static var topics: [TopicName] { [Messages.topic.name] }

    func handle(_ message: Message, in transaction: Transaction) async throws {
        let number = Int64(try message.decode(AccountMessages.Received.self).account) ?? 0
        transaction.enqueue(
            """
            INSERT INTO arrived (partition, "offset", number)
            VALUES (\(Int32(message.partition.number)), \(message.offset.rawValue), \(number))
            """)
    }
}
