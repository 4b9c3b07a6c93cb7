import Foundation
import MartletTesting
import Synchronization
import Testing

@testable import OrderService

@Suite(.tags(.database), .timeLimit(.minutes(3))) struct LogTailTests {
    /// What a line of JSON says of an order's message.
    private func order(_ line: String) throws -> String {
        let members = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        return try #require(members["key"] as? String)
    }

    /// Waits until the messages of all that was done so far are in the topic.
    private func publish(in shop: Shop) async throws {
        let head = try await shop.application.store.head()
        #expect(try await shop.application.publications[0].follower.caughtUp(to: head, within: .seconds(60)))
    }

    @Test func `a tail from the beginning prints each message of the topic as a line of JSON, and ends`() async throws {
        try await Shop.open { shop in
            let ids = (1...8).map { "T-\($0)" }
            for id in ids { _ = try await shop.post("/orders", orderBody(id)) }
            try await publish(in: shop)
            let output = Pipe()
            let words = ["log", "tail", "orders", "--from", "beginning", "--json"]
            let program = try ServiceProgram(words, on: shop.database, output: output)
            var lines: [String] = []
            for await line in output.lines { lines.append(line) }
            #expect(try await program.end() == 0)
            // Their keys are of several partitions, which are relayed side by side.
            #expect(try lines.map(order).sorted() == ids)
            #expect(lines.allSatisfy { $0.contains(#""topic":"orders""#) })
        }
    }

    @Test func `a tail that follows prints what comes, until it is ended by Ctrl-C`() async throws {
        try await Shop.open { shop in
            _ = try await shop.post("/orders", orderBody("T-1"))
            try await publish(in: shop)
            let output = Pipe()
            let words = ["log", "tail", "orders", "--from", "beginning", "--json", "--follow"]
            let program = try ServiceProgram(words, on: shop.database, output: output)
            defer { program.kill() }
            var lines = output.lines.makeAsyncIterator()
            #expect(try order(try #require(await lines.next())) == "T-1")
            for id in ["T-2", "T-3"] {
                _ = try await shop.post("/orders", orderBody(id))
                #expect(try order(try #require(await lines.next())) == id)
            }
            program.process.interrupt()
            #expect(try await program.end() == SIGINT)
            #expect(await lines.next() == nil)
        }
    }
}

extension Pipe {
    /// What is written into it, line by line as it comes, until nobody has it open.
    fileprivate var lines: AsyncStream<String> {
        AsyncStream { feed in
            let rest = Mutex<[UInt8]>([])
            fileHandleForReading.readabilityHandler = { handle in
                let bytes = handle.availableData
                guard !bytes.isEmpty else {
                    handle.readabilityHandler = nil
                    return feed.finish()
                }
                rest.withLock { rest in
                    rest += bytes
                    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                        feed.yield(String(decoding: rest[..<end], as: UTF8.self))
                        rest.removeSubrange(...end)
                    }
                }
            }
        }
    }
}
