public import MartletDomain
import MartletPostgres
import MartletProjections

/// How a process manager and its instances are doing, asked from any process, whether or not it runs there.
extension ProcessHandle {
    /// How it is doing as a whole.
    /// - Throws: `PostgresError` when the database cannot be asked.
    public func status() async throws -> ProcessStatus {
        let follower = try await follower.status()
        guard let row = try await pool.query(queries.counts).first else { throw ProjectionError.unknown(name) }
        func count(_ column: String) throws -> Int { Int(try row.decode(column, as: Int64.self)) }
        var instances: [InstanceStatus: Int] = [:]
        for status in InstanceStatus.allCases { instances[status] = try count(status.rawValue) }
        return ProcessStatus(
            follower: follower, instances: instances, effects: try count("effects"),
            parkedEffects: try count("parked"), timers: try count("timers"), nextDue: try row.decode("due"),
            stuck: try count("stuck"))
    }

    /// Where an instance stands and what it waits for; nil when the process manager knows of none with this key.
    ///
    /// ```swift
    /// let order = try await shop.process(OrderFulfilment.self).instance("42")
    /// print(order?.waits ?? "no such order")
    /// ```
    /// - Throws: `PostgresError`.
    public func instance(_ key: String) async throws -> InstanceReport? {
        try InstanceReport(try await pool.query(queries.report(on: key)), key, queries)
    }

    /// What an instance's inputs have come to, in the order of the log.
    /// - Parameters:
    ///   - position: only those after it.
    ///   - limit: the most at once.
    /// - Throws: `PostgresError`.
    public func history(
        of key: String, after position: GlobalPosition = .start, limit: Int = 1000
    ) async throws -> [HistoryEntry] {
        let rows = try await pool.query(queries.history(of: key, after: position, limit: limit))
        return try rows.map { row in try HistoryEntry(row, of: name) }
    }

    /// Instances of one kind, the oldest first.
    /// - Parameters:
    ///   - last: the last one of the page before, for the next page.
    ///   - limit: the most at once.
    /// - Throws: `PostgresError`.
    public func instances(
        where filter: InstanceFilter, limit: Int = 100, after last: InstanceSummary? = nil
    ) async throws -> [InstanceSummary] {
        let page =
            switch filter {
            case .status(let status): queries.page(of: status, after: last, limit: limit)
            case .stuck: queries.stuckPage(after: last, limit: limit)
            }
        return try await pool.query(page).map { row in try InstanceSummary(row) }
    }

    var queries: InstanceQueries { InstanceQueries(process: name, schema: schema, patience: patience) }
}
