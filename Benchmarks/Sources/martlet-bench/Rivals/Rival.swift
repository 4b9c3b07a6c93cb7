import Foundation
import Martlet

/// Another event store, installed from PyPI for the time of the run and measured by its script in `Benchmarks/Rivals`.
enum Rival: String, CaseIterable {
    /// Keeps its events in PostgreSQL, through psycopg.
    case eventsourcing
    /// A server of its own in Rust, reached through its Python client; keeps its events in a file.
    case umadb

    var packages: [String] {
        switch self {
        case .eventsourcing: ["eventsourcing[postgres]", "psycopg[binary,pool]"]
        case .umadb: ["umadb"]
        }
    }

    /// Where its events go: a database of the server, or a folder.
    func place(database: String, folder: URL) -> String {
        switch self {
        case .eventsourcing: database
        case .umadb: folder.path
        }
    }

    /// A path below the folder that `Scripts/bench` works in.
    var script: String { "Benchmarks/Rivals/\(rawValue)_rival.py" }
}

/// What a rival's script reported: lines of a name, events, seconds, and perhaps the milliseconds of p50 and p99; lines
/// that begin with `#` are for people.
struct RivalReport {
    let remarks: [String]
    let measurements: [(name: String, measurement: Measurement)]

    /// - Throws: ``Program/Failed`` when there is not one measurement.
    init(_ text: String) throws {
        let lines = text.split(separator: "\n").map(String.init)
        remarks = lines.filter { $0.hasPrefix("#") }
        measurements = lines.compactMap(Self.measurement)
        guard !measurements.isEmpty else {
            throw Program.Failed(description: "expected measurements, found: \(text)")
        }
    }

    private static func measurement(_ line: String) -> (name: String, measurement: Measurement)? {
        let words = line.split(separator: " ")
        let numbers = words.dropFirst().compactMap { Double($0) }
        guard let name = words.first, numbers.count == words.count - 1, numbers.count >= 2 else { return nil }
        let latency =
            numbers.count == 4
            ? Latency(p50: .seconds(numbers[2] / 1000), p99: .seconds(numbers[3] / 1000)) : nil
        return (String(name), Measurement(rate: numbers[0] / numbers[1], latency: latency))
    }
}
