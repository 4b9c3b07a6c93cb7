import Foundation
import Martlet

/// Places orders, and tells from the tables how their fulfilments went.
struct FulfilmentLoad {
    let application: Application
    let till: Till
    private static let articles = 100
    /// How many orders are on their way at once when no rate is asked for.
    private static let window = 600
    private static let placers = 64

    struct Wrong: Error, CustomStringConvertible { let description: String }

    /// As fast as they are fulfilled, so that there are always as many on their way.
    func saturate(for seconds: Int) async throws {
        let before = till.captured.load(ordering: .relaxed)
        let deadline = ContinuousClock.now + .seconds(seconds)
        try await withThrowingTaskGroup(of: Void.self) { group in
            var placed = 0
            while ContinuousClock.now < deadline {
                let wanted = Self.window - (placed - (till.captured.load(ordering: .relaxed) - before))
                guard wanted > 0 else {
                    try await Task.sleep(for: .milliseconds(2))
                    continue
                }
                for _ in 0..<min(wanted, Self.placers) { group.addTask { try await place() } }
                for _ in 0..<min(wanted, Self.placers) { try await group.next() }
                placed += min(wanted, Self.placers)
            }
        }
    }

    /// So many a second, whether or not the ones before are done.
    func place(perSecond rate: Int, for seconds: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let start = ContinuousClock.now
            for number in 0..<rate * seconds {
                try await Task.sleep(until: start + .seconds(1) / rate * number, clock: .continuous)
                group.addTask { try await place() }
            }
            try await group.waitForAll()
        }
    }

    /// Waits until all that was placed is fulfilled.
    func settle() async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while try await unfinished() > 0 {
            guard ContinuousClock.now < deadline else {
                throw Wrong(description: "\(try await unfinished()) orders are not fulfilled after two minutes")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func place() async throws {
        let article = "article-\(Int.random(in: 0..<Self.articles))"
        try await application.execute(
            .place(article: article, cents: 12_34), on: Order.ID(UUID().uuidString))
    }

    private func unfinished() async throws -> Int {
        try await application.pool.query(
            """
            SELECT (SELECT count(*) FROM \(application.schema).events WHERE type = 'order.placed')
                - (SELECT count(*) FROM \(application.schema).process_instances WHERE status = 'completed')
            """)[0].decode(Int.self)
    }

    /// The moment by the database's clock.
    func now() async throws -> Date {
        try await application.pool.query("SELECT clock_timestamp()")[0].decode(Date.self)
    }

    /// Those that have ended between two moments; the time of each is that from when the order was placed.
    func fulfilled(from start: Date, to end: Date) async throws -> Measurement {
        let rows = try await application.pool.query(
            """
            SELECT (extract(epoch FROM i.ended_at - e.recorded_at) * 1e6)::bigint AS time
            FROM \(application.schema).process_instances i
            JOIN \(application.schema).events e ON e.stream_id = 'order-' || i.instance AND e.version = 1
            WHERE i.status = 'completed' AND i.ended_at >= \(start) AND i.ended_at < \(end)
            """)
        return Measurement(
            events: rows.count, latencies: try rows.map { .microseconds(try $0.decode("time", as: Int64.self)) },
            in: .seconds(end.timeIntervalSince(start)))
    }

    /// Nothing is left over, and each order was taken once through all that there is to do.
    func check() async throws {
        let schema = application.schema
        let row = try await application.pool.query(
            """
            SELECT count(*) FILTER (WHERE type = 'order.placed'), count(*),
                (SELECT count(*) FROM \(schema).process_effects) + (SELECT count(*) FROM \(schema).process_timers)
            FROM \(schema).events
            """)[0]
        let (placed, events, left) = try row.decode(Int.self, Int.self, Int.self)
        guard events == placed * 9, left == 0 else {
            throw Wrong(
                description: "expected \(placed * 9) events and nothing left over of \(placed) orders,"
                    + " found \(events) and \(left)")
        }
    }
}
