import Foundation
import Martlet
import MartletCLI
import MartletTesting

/// Appends by 64 callers to new streams while the log holds 10,000, a million and ten million events.
///
/// The logs are filled once and cut back to their size after each measurement. Each measurement begins after a
/// checkpoint, when PostgreSQL logs every page whole at its first change: the time at which a long log costs most. What
/// the disk has no room for is left out, and a line says so.
struct SizeBench {
    private let settings: Settings
    private static let sizes = [10_000, 1_000_000, 10_000_000]
    /// On disk: about 430 with its place in the two indexes; the rest is for what filling and indexing need for a time.
    private static let bytesPerEvent = 800

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        var results = Results(settings)
        try await withLogs(of: try await fittingSizes()[...]) { logs in
            let pgbench = try await Pgbench(logs[0].fill.application.pool, settings)
            for _ in 0..<settings.rounds {
                try await results.measure("pgbench-16", unit: "rows/s") { try await pgbench.measure(clients: 16) }
                for log in logs { try await measure(log, beside: logs[0], &results) }
            }
        }
        results.write()
    }

    private func measure(_ log: Log, beside first: Log, _ results: inout Results) async throws {
        try await results.measure(log.name, beside: first.name) {
            try await Load(seconds: settings.seconds)
                .measure(Array(repeating: NewStreams(store: log.fill.application.store), count: 64))
        }
        try await log.fill.cutBack(to: log.size)
    }

    private func fittingSizes() async throws -> [Int] {
        guard let free = try await freeBytes() else {
            StandardStream.output.writeLine("# size: the server's disk cannot be seen from here; nothing is left out")
            return Self.sizes
        }
        var needed = 0
        return Self.sizes.filter { size in
            let fits = needed + size * Self.bytesPerEvent <= free
            if fits { needed += size * Self.bytesPerEvent }
            let room = "\((size * Self.bytesPerEvent / 1_000_000).grouped) MB of \((free / 1_000_000).grouped) MB free"
            if !fits { StandardStream.output.writeLine("# size: \(size.grouped) events left out, they need \(room)") }
            return fits
        }
    }

    /// On the disk that holds the server's data, if that is this machine's.
    private func freeBytes() async throws -> Int? {
        let server = try await Connection.open(.environment)
        let folder = try await server.query("SHOW data_directory")[0].decode(String.self)
        guard FileManager.default.isReadableFile(atPath: folder) else { return nil }
        return try FileManager.default.attributesOfFileSystem(forPath: folder)[.systemFreeSize] as? Int
    }
}

/// A filled log in a database of its own.
private struct Log {
    let size: Int
    let fill: LogFill

    var name: String {
        "append-64-" + (size < 1_000_000 ? "\(size / 1000)k" : "\(size / 1_000_000)M")
    }
}

/// Makes the logs one inside the other's time, so that a round can meet them all.
private func withLogs(
    of sizes: ArraySlice<Int>, made: [Log] = [], _ body: ([Log]) async throws -> Void
) async throws {
    guard let size = sizes.first else { return try await body(made) }
    try await ThrowawayDatabase.withApplication { application in
        let log = Log(size: size, fill: LogFill(application: application, ordersInTen: 4))
        try await log.fill.fill(to: size)
        try await withLogs(of: sizes.dropFirst(), made: made + [log], body)
    }
}
