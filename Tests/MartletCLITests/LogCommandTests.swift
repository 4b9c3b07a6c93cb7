import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletCLI

struct LogCommandTests {
    private func withLog(_ body: (EmbeddedLog) async throws -> Void) async throws {
        let log = EmbeddedLog.inMemory()
        try await log.create(Topic("orders", partitions: 2, retention: .init(time: .seconds(7200))))
        let producer = try await log.producer()
        for number in 0..<30 {
            let record = Record(
                key: Array("k\(number % 2)".utf8), value: Array(#"{"number":\#(number)}"#.utf8),
                headers: [.init("ce_type", "counted.v1")], partition: number % 2)
            try await producer.send(record, to: "orders")
        }
        try await body(log)
    }

    private func run(_ log: EmbeddedLog, _ words: String...) async throws -> String {
        try await LogCommand(log).run(try LogCommand.syntax.parse(words))
    }

    private func tail(_ log: EmbeddedLog, _ words: String...) async throws -> [String] {
        guard case .tail(let tail) = try LogCommand.Request(try LogCommand.syntax.parse(["tail"] + words)) else {
            return []
        }
        var lines: [String] = []
        try await LogTail(tail, of: log) { lines.append($0) }.run()
        return lines
    }

    @Test func `the topics are listed with how long their records are kept`() async throws {
        try await withLog { log in
            let text = try await run(log)
            #expect(text.contains("topic   partitions  records  kept"))
            #expect(text.contains("orders           2       30  for 2 h"))
            let json = try await run(log, "topics", "orders", "--json")
            #expect(json.contains(#""name":"orders","partitions":[{"beginning":0,"end":15},{"beginning":0,"end":15}]"#))
        }
    }

    @Test func `a tail shows records in the order in which they were appended`() async throws {
        try await withLog { log in
            let all = try await tail(log, "orders", "--from", "beginning", "--json")
            let numbers = try all.map { line in
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                return (object?["value"] as? [String: Any])?["number"] as? Int
            }
            #expect(numbers == Array(0..<30))
            #expect(try await tail(log, "orders").count == 20)
            #expect(try await tail(log, "orders", "--from", "12", "--partition", "1").count == 3)
            #expect(try await tail(log, "orders", "--from", "beginning", "--limit", "7").count == 7)
            #expect(try await tail(log, "orders", "--from", "end") == [])
            #expect(try await tail(log, "orders", "--from", "2000-01-01T00:00:00Z").count == 30)
            let line = try #require(try await tail(log, "orders").last)
            #expect(line.hasPrefix("orders/1 @14  20") && line.hasSuffix(#"  k1  counted.v1  {"number":29}"#))
        }
    }

    @Test func `what is no text is printed in base64`() async throws {
        let log = EmbeddedLog.inMemory()
        try await log.create(Topic("raw", partitions: 1))
        try await log.producer().send(Record(key: [0xff], value: [0xfe]), to: "raw")
        let lines = try await tail(log, "raw", "--json")
        #expect(lines.count == 1)
        #expect(lines.first?.contains(#""keyBase64":"/w==""#) == true)
        #expect(lines.first?.contains(#""valueBase64":"/g==""#) == true)
    }

    @Test func `groups are shown with how far they have come, and moved when they are stopped`() async throws {
        try await withLog { log in
            #expect(try await run(log, "groups") == "nobody has read the log as a group")
            try await log.seek("mails", in: "orders", to: .offset(10))
            #expect(try await run(log, "groups", "mails").contains("mails  orders/0          10   15    5"))
            await #expect(throws: UsageError.self) { try await run(log, "seek", "mails", "orders", "--to", "end") }
            let moved = try await run(log, "seek", "mails", "orders", "--to", "end", "--yes")
            #expect(moved.contains("mails  orders/0          15   15    0"))
            await #expect(throws: UsageError.self) { try await run(log, "groups", "nobody") }
        }
    }

    @Test(arguments: [
        ["tail"], ["tail", "orders", "--from", "soon"], ["tail", "orders", "--yes"], ["topics", "--follow"],
        ["tail", "no topic"], ["seek", "g", "orders"], ["groups", "g", "orders"], ["forget"],
    ])
    func `a command line that makes no sense is refused`(words: [String]) throws {
        #expect(throws: UsageError.self) { try LogCommand.Request(try LogCommand.syntax.parse(words)) }
    }
}
