import Foundation
import MartletTesting
import Testing

/// A fixture of the same build, which lies beside the test bundle, as a process of its own.
struct FixtureProcess: Sendable {
    private let process: Process
    private let ends: AsyncStream<Int32>
    /// Told to the sessions of those that may be cut off.
    static let applicationName = "process-fixture"

    init(
        on database: ThrowawayDatabase, _ arguments: [String] = [], name: String = applicationName,
        executable: String = "process-fixture"
    ) throws {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process = Process()
        process.executableURL = URL(fileURLWithPath: tests).deletingLastPathComponent()
            .appendingPathComponent(executable)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(["PGDATABASE": database.name, "PGAPPNAME": name, "SWIFT_BACKTRACE": "enable=no"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let (ends, feed) = AsyncStream<Int32>.makeStream()
        self.ends = ends
        process.terminationHandler = { feed.yield($0.terminationStatus) }
        try process.run()
    }

    var isRunning: Bool { process.isRunning }

    /// The most memory that it has had, in KiB.
    func peakMemory() throws -> Int { try #require(status("VmHWM").compactMap { Int($0) }.first) }

    /// Whether a signal has stopped it.
    func isFrozen() throws -> Bool { try status("State").first == "T" }

    /// What Linux tells of it.
    private func status(_ name: String) throws -> [Substring] {
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("\(name):") })
        return line.split { $0.isWhitespace }.dropFirst().map { $0 }
    }

    /// Waits until the process has ended and returns its exit status, or the signal that ended it.
    func end() async throws -> Int32 {
        var iterator = ends.makeAsyncIterator()
        return try #require(await iterator.next())
    }

    /// Does nothing to one that has ended, whose number may be another's.
    func send(_ signal: Int32) { if process.isRunning { Foundation.kill(process.processIdentifier, signal) } }

    /// Ends it for certain.
    func kill() {
        send(SIGCONT)
        send(SIGKILL)
    }
}
