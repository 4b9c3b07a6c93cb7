import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct GapTests {
    private let orders = TopicPartition("orders", 0)

    /// - Parameter gone: the offsets that compaction has taken.
    @Test(arguments: [[1], [1, 3], [1, 2, 5], [4, 6]])
    func `what compaction has taken within a page is passed`(gone: [Int64]) async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            var senders = [Sender("a"), Sender("b")]
            var expected: [Effect] = []
            for offset in 0..<12 {
                let sender = offset == 3 || offset == 7 ? 1 : 0
                await log.append([senders[sender].record("k", "\(offset)")], to: orders)
                if !gone.contains(Int64(offset)) { expected.append(Effect(key: "k", value: "\(offset)")) }
            }
            log.deliver { _, page in page.filter { !gone.contains($0.offset.rawValue) } }
            let consumers = try await stage.consumers(of: log) { Notes() }
            try await running(consumers) {
                try await becomesTrue { try await stage.count() == expected.count }
            }
            #expect(try await stage.effects() == expected)
            #expect(stage.incidents.has("passed a hole"))
        }
    }

    @Test func `what is missing behind a gap is a hole like any other once its producer was heard of`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            var (a, b) = (Sender("a"), Sender("b"))
            _ = b.record("k", "never sent")
            let records = [a.record("k", "0"), a.record("k", "gone"), a.record("k", "2"), b.record("k", "3")]
            await log.append(records, to: orders)
            _ = a.record("k", "lost")
            await log.append([a.record("k", "5")], to: orders)
            log.deliver { _, page in page.filter { $0.offset != 1 } }
            let consumers = try await stage.consumers(of: log) { Notes() }
            try await running(consumers) {
                try await becomesTrue { try await consumers.consumers[0].status().state == .stopped }
            }
            #expect(try await stage.values(of: "k") == ["0", "2", "3"])
            #expect(stage.incidents.has("expected message 40 of producer \"a\" before its message 50, found 30"))
        }
    }
}
