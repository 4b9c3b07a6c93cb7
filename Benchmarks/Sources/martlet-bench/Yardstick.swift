import Foundation
import Martlet

/// pgbench inserting one row a transaction: what the server can do for whoever asks nothing but durability.
struct Yardstick {
    let database: String
    let seconds: Int

    /// A table like the event store's, with an identity for the position.
    static let table: SQL = """
        CREATE TABLE plain (
            position bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT plain_pkey PRIMARY KEY,
            at timestamptz NOT NULL DEFAULT now(),
            stream_id text NOT NULL, type text NOT NULL, payload json NOT NULL)
        """
    private static let script = """
        INSERT INTO plain (stream_id, type, payload)
        VALUES ('account-' || gen_random_uuid(), 'account.received', '\(BenchEvent.payloadText)');
        """

    struct Failed: Error, CustomStringConvertible { let description: String }

    func measure(clients: Int) throws -> Measurement {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("martlet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = folder.appendingPathComponent("insert.sql")
        try Self.script.write(to: script, atomically: true, encoding: .utf8)
        let report = try run([
            "pgbench", "--no-vacuum", "--client", "\(clients)", "--jobs", "\(min(clients, 2))", "--time", "\(seconds)",
            "--protocol", "prepared", "--log", "--log-prefix", folder.appendingPathComponent("log").path,
            "--file", script.path, database,
        ])
        return Measurement(rate: try rate(in: report), latencies: try latencies(in: folder))
    }

    private func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        // Swift's threads block signals, a child inherits that, and pgbench needs SIGALRM to see that its time is up.
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(description: "pgbench failed: \(text)") }
        return text
    }

    private func rate(in report: String) throws -> Double {
        let line = report.split(separator: "\n").first { $0.hasPrefix("tps = ") }
        guard let rate = line?.split(separator: " ").dropFirst(2).first.flatMap({ Double($0) }) else {
            throw Failed(description: "expected \"tps = …\" in pgbench's report, found: \(report)")
        }
        return rate
    }

    /// The third column of pgbench's log is a transaction's time in microseconds.
    private func latencies(in folder: URL) throws -> [Duration] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.lastPathComponent.hasPrefix("log") }
            .flatMap { file in
                try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
                    line.split(separator: " ").dropFirst(2).first.flatMap { Int($0) }.map { .microseconds($0) }
                }
            }
    }
}

extension Measurement {
    init(rate: Double, latencies: [Duration]) {
        let found = Measurement(events: 0, latencies: latencies, in: .seconds(1))
        self.init(rate: rate, p50: found.p50, p99: found.p99)
    }
}
