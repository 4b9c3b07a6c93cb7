import Foundation
import Martlet
import MartletCLI
import MartletTesting
import Testing

@testable import OrderService

/// `projection-rebuild` as it is built, killed and started again while the service runs.
@Suite(.tags(.database, .slow))
struct RebuildProgramTests {
    private static let orders = ShippedData.folder + "orders.jsonl"

    /// A shop with the shipped orders, whose read models are up to date.
    private func withOrders(_ body: (Shop) async throws -> Void) async throws {
        try await Shop.open { shop in
            #expect(try await ServiceProgram(["import", Self.orders], on: shop.database).end() == 0)
            try await shop.catchUp()
            try await body(shop)
        }
    }

    private func expectRightRows(_ shop: Shop) async throws {
        try await shop.catchUp()
        #expect(try await ReadModelAudit(pool: shop.application.pool).differences() == [])
    }

    @Test func `it is killed at many points, and goes on to the end while the service works`() async throws {
        try await withOrders { shop in
            for kill in 1...6 {
                let program = try RebuildProgram(
                    ["order_summaries", "--json", "--throttle", "12000"], on: shop.database)
                // Every line of progress is another place to be killed at.
                for _ in 0..<(kill % 4 + kill / 3) { _ = await program.line() }
                program.kill()
                _ = await program.end()
                try await expectRightRows(shop)
                _ = try await shop.post("/orders", orderBody("between-\(kill)"))
            }
            let last = try RebuildProgram(["order_summaries", "--json"], on: shop.database)
            #expect(await last.end() == 0)
            try await expectRightRows(shop)
        }
    }

    @Test func `a rebuild, its roll-back and the way forward leave the same rows`() async throws {
        try await withOrders { shop in
            for name in ["order_summaries", "revenue_by_day"] {
                for words in [["--dry-run"], [], ["--rollback"], ["--rollback"], ["--drop-previous"]] {
                    let program = try RebuildProgram([name] + words, on: shop.database)
                    let (status, output) = (await program.end(), await program.rest())
                    #expect(status == 0, "\(name) \(words): \(output)")
                    try await expectRightRows(shop)
                }
            }
        }
    }

    @Test func `two at once are refused, and Ctrl-C ends one in good order`() async throws {
        try await withOrders { shop in
            let first = try RebuildProgram(["order_summaries", "--throttle", "10", "--json"], on: shop.database)
            #expect(await first.line()?.contains("\"stage\":\"filling\"") == true)
            #expect(await first.line() != nil)
            let second = try RebuildProgram(["order_summaries"], on: shop.database)
            #expect(await second.end() == 1)
            first.interrupt()
            #expect(await first.end() == 1)
            let third = try RebuildProgram(["order_summaries"], on: shop.database)
            #expect(await third.end() == 0)
            try await expectRightRows(shop)
        }
    }

    @Test(arguments: [
        [], ["nonsense"], ["order_summaries", "--until", "yesterday"], ["order_summaries", "--rollback", "--dry-run"],
        ["order_summaries", "--rollback", "--throttle", "5"], ["order_summaries", "--throttle", "0"],
    ])
    func `a line that cannot be meant is refused before anything is done`(words: [String]) async throws {
        let program = try RebuildProgram(words, environment: ["PGHOST": "/nowhere"])
        #expect(await program.end() == ExitCode.usage.rawValue)
    }
}

/// `projection-rebuild` of the same build as a process of its own, whose standard output can be read.
private struct RebuildProgram: Sendable {
    private let process: Process
    private let lines: AsyncStream<String>
    private let ends: AsyncStream<Int32>

    init(_ arguments: [String], on database: ThrowawayDatabase) throws {
        try self.init(arguments, environment: ["PGDATABASE": database.name])
    }

    init(_ arguments: [String], environment: [String: String]) throws {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process = Process()
        process.executableURL = URL(fileURLWithPath: tests).deletingLastPathComponent()
            .appendingPathComponent("projection-rebuild")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        let (lines, feed) = AsyncStream<String>.makeStream()
        self.lines = lines
        // A thread of its own, since reading from a pipe blocks.
        Thread.detachNewThread {
            while true {
                let data = output.fileHandleForReading.availableData
                guard !data.isEmpty else { return feed.finish() }
                for line in String(decoding: data, as: UTF8.self).split(separator: "\n") { feed.yield(String(line)) }
            }
        }
        let (ends, endFeed) = AsyncStream<Int32>.makeStream()
        self.ends = ends
        process.terminationHandler = { endFeed.yield($0.terminationStatus) }
        try process.run()
    }

    /// The next line of its output; nil once it has ended.
    func line() async -> String? {
        var iterator = lines.makeAsyncIterator()
        return await iterator.next()
    }

    /// What of its output was not read yet, once it has ended.
    func rest() async -> String { await lines.reduce(into: "") { $0 += $1 + "\n" } }

    /// Waits for its end and returns its exit status, or the signal that ended it.
    func end() async -> Int32? {
        var iterator = ends.makeAsyncIterator()
        return await iterator.next()
    }

    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    func interrupt() { process.interrupt() }
}
