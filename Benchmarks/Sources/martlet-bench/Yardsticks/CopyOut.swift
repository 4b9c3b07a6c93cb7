import Martlet

/// PostgreSQL's own fastest way out: a binary COPY of the whole log in its order, whose rows nobody looks at.
struct CopyOut {
    let application: Application

    private static let columns: SQL = """
        position, version, recorded_at, event_id, type_version, stream_id, type, payload, metadata
        """

    /// Through the library's connection, which hands over each row as an array.
    func throughLibrary() async throws -> Measurement {
        let statement: SQL = """
            COPY (SELECT \(Self.columns) FROM \(application.schema).events ORDER BY position) TO STDOUT (FORMAT binary)
            """
        return try await timed {
            try await application.pool.withConnection { connection in try await connection.copyOut(statement) { _ in } }
        }
    }

    /// Through psql, which writes what arrives to nowhere.
    func throughPsql() async throws -> Measurement {
        let database = try await application.pool.query("SELECT current_database()")[0].decode(String.self)
        let statement = """
            COPY (SELECT \(Self.columns.text) FROM \(application.schema).events ORDER BY position) TO STDOUT (FORMAT binary)
            """
        return try await timed {
            try Program.run([
                "sh", "-c", "exec psql --no-psqlrc --command \"$1\" \"$2\" > /dev/null", "sh", statement, database,
            ])
        }
    }

    private func timed(_ body: () async throws -> Void) async throws -> Measurement {
        let count = try await application.store.head().rawValue
        let elapsed = try await ContinuousClock().measure { try await body() }
        return Measurement(rate: Double(count) / (elapsed / .seconds(1)))
    }
}
