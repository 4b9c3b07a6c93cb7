import Foundation
import MartletTesting
import Testing

/// `projection-fixture` of the same build, which lies beside the test bundle, as a process of its own.
struct FixtureProcess: Sendable {
    private let process: Process
    private let ends: AsyncStream<Int32>
    /// Told to its sessions, so that they can be told from others.
    static let applicationName = "projection-fixture"

    init(on database: ThrowawayDatabase, _ arguments: [String] = [], environment: [String: String] = [:]) throws {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process = Process()
        process.executableURL = URL(fileURLWithPath: tests).deletingLastPathComponent()
            .appendingPathComponent("projection-fixture")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(["PGDATABASE": database.name, "PGAPPNAME": Self.applicationName, "SWIFT_BACKTRACE": "enable=no"]) {
                $1
            }
            .merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let (ends, feed) = AsyncStream<Int32>.makeStream()
        self.ends = ends
        process.terminationHandler = { feed.yield($0.terminationStatus) }
        try process.run()
    }

    var isRunning: Bool { process.isRunning }

    /// Waits until the process has ended and returns its exit status, or the signal that ended it.
    func end() async throws -> Int32 {
        var iterator = ends.makeAsyncIterator()
        return try #require(await iterator.next())
    }

    func send(_ signal: Int32) { Foundation.kill(process.processIdentifier, signal) }

    /// Ends it for certain.
    func kill() {
        send(SIGCONT)
        send(SIGKILL)
    }
}
