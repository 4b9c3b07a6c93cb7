import Martlet
import MartletCLI

/// Instances asleep on timers: what it takes to start them, and what they cost while nothing happens.
struct Sleepers {
    let application: Application
    let count: Int

    /// Their events as appends would have written them, appended to the log by SQL.
    func place() async throws {
        try await application.pool.execute(
            """
            INSERT INTO \(application.schema).events
                (position, version, recorded_at, event_id, type_version, stream_id, type, payload, metadata)
            SELECT n, 1, clock_timestamp(), gen_random_uuid(), 1, 'order-' || gen_random_uuid(), 'order.placed',
                json_build_object('article', \(Fulfilment.later), 'cents', 1234), '{}'
            FROM generate_series(1, \(count)) n
            """)
        try await application.pool.execute("VACUUM (ANALYZE) \(application.schema).events")
        try await application.pool.execute("CHECKPOINT")
    }

    /// Runs until all of them sleep.
    func start() async throws -> Measurement {
        let begun = ContinuousClock.now
        while try await position() < count {
            guard ContinuousClock.now - begun < .seconds(300) else {
                throw FulfilmentLoad.Wrong(description: "\(count) instances have not started within five minutes")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        let elapsed = ContinuousClock.now - begun
        let asleep = try await application.pool.query(
            "SELECT count(*) FROM \(application.schema).process_timers")[0].decode(Int.self)
        guard asleep == count else {
            throw FulfilmentLoad.Wrong(description: "expected \(count) timers, found \(asleep)")
        }
        return Measurement(rate: Double(count) / (elapsed / .seconds(1)))
    }

    /// Up to where the log was followed.
    private func position() async throws -> Int {
        try await application.pool.query(
            "SELECT coalesce(min(position), 0) FROM \(application.schema).projection_partitions")[0].decode(Int.self)
    }
}
