import Foundation
import MartletTesting
import Testing

/// A program of the same build, which lies beside the test bundle, as a process of its own.
struct ServiceProgram: Sendable {
    let process: Process
    private let ends: AsyncStream<Int32>

    /// Starts the program on a database, with nothing to read and nobody to hear it but who has the pipes.
    init(_ arguments: [String], on database: ThrowawayDatabase, output: Pipe? = nil, errors: Pipe? = nil) throws {
        try self.init(arguments, environment: ["PGDATABASE": database.name], output: output, errors: errors)
    }

    init(
        _ arguments: [String], program: String = "order-service", environment: [String: String],
        output: Pipe? = nil, errors: Pipe? = nil
    ) throws {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process = Process()
        process.executableURL = URL(fileURLWithPath: tests).deletingLastPathComponent()
            .appendingPathComponent(program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output ?? FileHandle.nullDevice
        process.standardError = errors ?? FileHandle.nullDevice
        let (ends, feed) = AsyncStream<Int32>.makeStream()
        self.ends = ends
        process.terminationHandler = { feed.yield($0.terminationStatus) }
        try process.run()
    }

    /// Waits until the program has ended and returns its exit status, or the signal that ended it.
    func end() async throws -> Int32 {
        var iterator = ends.makeAsyncIterator()
        return try #require(await iterator.next())
    }

    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    func stop() { process.terminate() }
}

extension ServiceProgram {
    /// A service that listens, and on which port.
    static func serving(port: Int = 0, on database: ThrowawayDatabase) throws -> (program: ServiceProgram, port: Int) {
        try serving(port: port, environment: ["PGDATABASE": database.name])
    }

    static func serving(
        port: Int = 0, environment: [String: String]
    ) throws -> (program: ServiceProgram, port: Int) {
        let errors = Pipe()
        let program = try ServiceProgram(["serve", "--port", "\(port)"], environment: environment, errors: errors)
        let line = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
        let found = try #require(line.firstMatch(of: /listening on http:\/\/127\.0\.0\.1:(\d+)/), "\(line)")
        return (program, try #require(Int(found.output.1)))
    }
}
