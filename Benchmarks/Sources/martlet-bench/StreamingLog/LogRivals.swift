import Foundation
import MartletCLI

/// What somebody might pick instead, where it is installed: records of the same size on the same machine.
struct LogRivals {
    private let settings: Settings
    private var rivals: [Rival]

    private struct Rival {
        let name: String
        let packages: [String]
    }

    init(_ settings: Settings) {
        self.settings = settings
        rivals = [Rival(name: "redis", packages: []), Rival(name: "nats", packages: ["nats-py"])]
    }

    /// One round of each; one that fails is not tried again.
    mutating func measure(_ results: inout Results, isFirst: Bool) async throws {
        var failed: Set<String> = []
        try await withScratchFolder { folder in
            for rival in rivals {
                do {
                    StatusLine.show("measuring \(rival.name)")
                    defer { StatusLine.clear() }
                    let report = try run(rival, in: folder)
                    if isFirst { report.remarks.forEach(StandardStream.output.writeLine) }
                    for (name, measurement) in report.measurements {
                        results.add(
                            measurement, to: "rival-\(rival.name)-\(name)", unit: "records/s",
                            beside: ["log-\(name)"])
                    }
                } catch {
                    RivalsBench.tell(error, of: rival.name)
                    failed.insert(rival.name)
                }
            }
        }
        rivals.removeAll { failed.contains($0.name) }
    }

    private func run(_ rival: Rival, in folder: URL) throws -> RivalReport {
        let python = try PythonEnvironment(in: folder.appendingPathComponent(rival.name))
        if !rival.packages.isEmpty { try python.install(rival.packages) }
        let place = folder.appendingPathComponent("\(rival.name)-data").path
        return try RivalReport(
            python.run(
                "Benchmarks/Rivals/\(rival.name)_rival.py",
                ["\(settings.seconds)", place, "\(RecordSender.value.count)"]))
    }
}
