import Foundation
import Martlet
import MartletCLI
import MartletTesting

/// Other event stores on this machine: the same event appended by 1, 16 and 64 threads, each time to a new stream with
/// the rival's own check that it is new, and everything read back in order.
///
/// They are called from one Python process, whose interpreter is part of what is measured, as Swift is of Martlet.
struct RivalsBench {
    private let settings: Settings
    private static let copiedEvents = 100_000

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        var results = Results(settings)
        try await withScratchFolder { folder in
            var rivals = installed(in: folder)
            for round in 0..<settings.rounds {
                try await ThrowawayDatabase.withApplication { application in
                    try await measureYardsticks(application, &results)
                    let database = try await application.pool.query("SELECT current_database()")[0].decode(String.self)
                    for (rival, python) in rivals {
                        let place = folder.appendingPathComponent("\(rival)-\(round)")
                        do {
                            let report = try measure(rival, python, rival.place(database: database, folder: place))
                            add(report, of: rival, &results, isFirst: round == 0)
                        } catch {
                            Self.tell(error, of: rival.rawValue)
                            rivals.removeAll { $0.rival == rival }
                        }
                    }
                }
            }
        }
        results.write()
    }

    private func installed(in folder: URL) -> [(rival: Rival, python: PythonEnvironment)] {
        Rival.allCases.compactMap { rival in
            StatusLine.show("installing \(rival)")
            do {
                let python = try PythonEnvironment(in: folder.appendingPathComponent("\(rival)"))
                try python.install(rival.packages)
                return (rival, python)
            } catch {
                Self.tell(error, of: rival.rawValue)
                return nil
            }
        }
    }

    private func measureYardsticks(_ application: Application, _ results: inout Results) async throws {
        let pgbench = try await Pgbench(application.pool, settings)
        let copy = CopyOut(application: application)
        try await results.measure("pgbench-1", unit: "rows/s") { try await pgbench.measure(clients: 1) }
        try await results.measure("pgbench-16", unit: "rows/s") { try await pgbench.measure(clients: 16) }
        try await LogFill(application: application).fill(to: Self.copiedEvents)
        try await results.measure("copy-library", unit: "rows/s") { try await copy.throughLibrary() }
    }

    private func measure(_ rival: Rival, _ python: PythonEnvironment, _ place: String) throws -> RivalReport {
        StatusLine.show("measuring \(rival)")
        defer { StatusLine.clear() }
        return try RivalReport(
            python.run(rival.script, ["\(settings.seconds)", place, Account.Event.samplePayload]))
    }

    private func add(_ report: RivalReport, of rival: Rival, _ results: inout Results, isFirst: Bool) {
        if isFirst { report.remarks.forEach(StandardStream.output.writeLine) }
        for (name, measurement) in report.measurements {
            let yardstick = ["append-1": "pgbench-1", "read": "copy-library"][name] ?? "pgbench-16"
            results.add(measurement, to: "rival-\(rival)-\(name)", beside: [yardstick])
        }
    }

    static func tell(_ error: any Error, of rival: String) {
        StatusLine.clear()
        let words = "\(error)".split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let reason = words.replacing("\"", with: "'").suffix(500)
        StandardStream.output.writeLine("measure=rival-\(rival) error=\"\(reason)\"")
    }
}
