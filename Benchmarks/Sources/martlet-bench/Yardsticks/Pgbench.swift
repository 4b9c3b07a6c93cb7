import Foundation
import Martlet

/// pgbench inserting rows, one transaction after another: what the server can do for whoever asks nothing but
/// durability.
struct Pgbench {
    private let database: String
    private let seconds: Int

    /// Makes the table in the pool's database.
    init(_ pool: ConnectionPool, _ settings: Settings) async throws {
        try await pool.execute(Self.table)
        database = try await pool.query("SELECT current_database()")[0].decode(String.self)
        seconds = settings.seconds
    }

    /// Like the event store's, with an identity for the position.
    private static let table: SQL = """
        CREATE TABLE plain (
            position bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT plain_pkey PRIMARY KEY,
            at timestamptz NOT NULL DEFAULT now(),
            stream_id text NOT NULL, type text NOT NULL, payload json NOT NULL)
        """

    private static func script(rows: Int) -> String {
        let row = "('account-' || gen_random_uuid(), 'account.received', '\(Account.Event.samplePayload)')"
        let values = Array(repeating: row, count: rows).joined(separator: ", ")
        return "INSERT INTO plain (stream_id, type, payload) VALUES \(values);"
    }

    func measure(clients: Int, rowsPerInsert: Int = 1) async throws -> Measurement {
        try await withScratchFolder { folder in
            let script = folder.appendingPathComponent("insert.sql")
            try Self.script(rows: rowsPerInsert).write(to: script, atomically: true, encoding: .utf8)
            let report = try Program.run([
                "pgbench", "--no-vacuum", "--client", "\(clients)", "--jobs", "\(min(clients, 2))",
                "--time", "\(seconds)", "--protocol", "prepared", "--log",
                "--log-prefix", folder.appendingPathComponent("log").path, "--file", script.path, database,
            ])
            return Measurement(rate: try rate(in: report) * Double(rowsPerInsert), latency: try latency(in: folder))
        }
    }

    private func rate(in report: String) throws -> Double {
        let line = report.split(separator: "\n").first { $0.hasPrefix("tps = ") }
        guard let rate = line?.split(separator: " ").dropFirst(2).first.flatMap({ Double($0) }) else {
            throw Program.Failed(description: "expected \"tps = …\" in pgbench's report, found: \(report)")
        }
        return rate
    }

    /// The third column of pgbench's log is a transaction's time in microseconds.
    private func latency(in folder: URL) throws -> Latency? {
        let logs = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.lastPathComponent.hasPrefix("log") }
        return Latency(
            try logs.flatMap { log in
                try String(contentsOf: log, encoding: .utf8).split(separator: "\n").compactMap { line in
                    line.split(separator: " ").dropFirst(2).first.flatMap { Int($0) }.map { .microseconds($0) }
                }
            })
    }
}
