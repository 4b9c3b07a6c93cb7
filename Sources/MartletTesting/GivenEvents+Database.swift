#if canImport(Testing)
public import Martlet
public import Testing

extension GivenEvents {
    /// Projects the events on a throw-away database, in one batch, and expects just these rows of a query, in its order.
    ///
    /// ```swift
    /// .then("SELECT account, cents FROM balances ORDER BY account", [("ada", 3_00), ("bob", 2_00)])
    /// ```
    /// The projection's tables are named without a schema. The log's own tables are empty.
    /// - Throws: what the projection or the query throws.
    @discardableResult
    public func then<each Value: PostgresDecodable & Equatable>(
        _ query: SQL, _ expected: [(repeat each Value)], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> GivenEvents {
        let found = try await rehearsing { projection in
            let rehearsal = try await Rehearsal(of: projection)
            _ = try await rehearsal.project(log.events, after: .start)
            return try await rehearsal.query(query)
        }
        var isSame = found.count == expected.count
        var lines: [String] = []
        for (index, row) in found.enumerated() {
            let values = try row.decode(repeat (each Value).self)
            lines.append("\(values)")
            guard index < expected.count else { continue }
            let wanted = expected[index]
            for (own, other) in repeat (each values, each wanted) { isSame = isSame && own == other }
        }
        if !isSame { recordDifference(expected.map { "\($0)" }, lines, at: sourceLocation) }
        return self
    }

    /// Runs `body` beside a database of its own, in which Martlet's schema is.
    func rehearsing<Result>(_ body: (ProjectionHandle) async throws -> Result) async throws -> Result {
        try await ThrowawayDatabase.with { database in
            let parts = { [part] in [part] }
            let application = Application(postgres: database.configuration, connections: 4, parts: parts)
            try await application.migrate()
            return try await body(application.projection(named: Model.name))
        }
    }
}
#endif
