import Martlet
import MartletMessaging
import MartletTesting
import Testing

/// One of the two databases, the consumer's or the log's, comes to be what it was before: from a backup, or since a standby
/// lacked the last commits.
@Suite(.tags(.database)) struct SetBackTests {
    private let orders = TopicPartition("orders", 0)

    /// Who finds it out.
    enum Finder: CaseIterable { case nextMember, nextMessage, nobody }

    @Test(arguments: Finder.allCases)
    func `what an inbox has lost takes effect again, and nothing twice`(finder: Finder) async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            var sender = Sender("sender")
            func send(_ numbers: Range<Int>) async {
                let records = numbers.map { number in
                    number % 2 == 0
                        ? sender.record("even", "\(number)")
                        : Record(key: Array("odd".utf8), value: Array("\(number)".utf8), messageID: "m\(number)")
                }
                await log.append(records, to: orders)
            }
            func untilTaken(_ count: Int) async throws {
                try await becomesTrue {
                    let committed = log.state.withLock { $0.committed[orders]?.rawValue }
                    return try await stage.count() == count && committed == Int64(count)
                }
            }
            let consumers = try await stage.consumers(of: log) { Notes() }
            try await running(consumers) {
                await send(0..<10)
                try await untilTaken(10)
                try await stage.keep()
                await send(10..<20)
                try await untilTaken(20)
                guard finder != .nextMember else { return }
                try await stage.setBack()
                if finder == .nobody { try await untilTaken(20) }
                await send(20..<22)
                try await untilTaken(22)
            }
            if finder == .nextMember {
                try await stage.setBack()
                try await running(try await stage.consumers(of: log) { Notes() }) {
                    await send(20..<22)
                    try await untilTaken(22)
                }
            }
            #expect(try await stage.values(of: "even") == (0..<22).filter { $0 % 2 == 0 }.map { "\($0)" })
            #expect(try await stage.values(of: "odd") == (0..<22).filter { $0 % 2 == 1 }.map { "\($0)" })
        }
    }

    @Test func `a group that was set ahead leaves out what is before that`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            var sender = Sender("sender")
            await log.append([sender.record("a", "0")], to: orders)
            try await running(try await stage.consumers(of: log) { Notes() }) {
                try await becomesTrue { try await stage.count() == 1 }
            }
            await log.append((1..<5).map { sender.record("a", "\($0)") }, to: orders)
            log.state.withLock { ($0.committed[orders], $0.isSought) = (4, true) }
            try await running(try await stage.consumers(of: log) { Notes() }) {
                try await becomesTrue { try await stage.values(of: "a") == ["0", "4"] }
            }
        }
    }

    @Test func `a new inbox of a group that has come far says what it leaves out`() async throws {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            var sender = Sender("sender")
            await log.append((0..<5).map { sender.record("a", "\($0)") }, to: orders)
            log.state.withLock { $0.committed[orders] = 4 }
            try await running(try await stage.consumers(of: log) { Notes() }) {
                try await becomesTrue { try await stage.values(of: "a") == ["4"] }
            }
            #expect(stage.incidents.has("orders/0: the inbox has taken nothing, and its group has come to 4"))
        }
    }

    @Test func `a log that has lost what was taken stops the partition loudly, until an operator accepts it`()
        async throws
    {
        try await Stage.with { stage in
            let log = ScriptedLog("orders")
            var sender = Sender("sender")
            let kept = (0..<2).map { sender.record("a", "\($0)") }
            var before = sender
            await log.append(kept + (2..<4).map { before.record("a", "lost \($0)") }, to: orders)
            try await running(try await stage.consumers(of: log) { Notes() }) {
                try await becomesTrue { try await stage.count() == 4 }
            }
            // Their numbers are given anew.
            sender.sequence += 5
            let restored = ScriptedLog("orders")
            await restored.append(kept + (2..<5).map { sender.record("a", "new \($0)") }, to: orders)
            let consumers = try await stage.consumers(of: restored) { Notes() }
            try await running(consumers) {
                try await becomesTrue { try await consumers.consumers[0].status().state == .stopped }
                #expect(stage.incidents.has("which the log has lost"))
                #expect(try await stage.count() == 4)
                try await consumers.consumers[0].acceptHole(in: orders, reason: "restored", by: "ada")
                try await becomesTrue { try await stage.values(of: "a").last == "new 4" }
            }
        }
    }
}

extension Stage {
    /// Keeps what the inbox and the effects are now.
    fileprivate func keep() async throws {
        try await pool.execute("CREATE TABLE kept_inboxes AS TABLE martlet_inbox.inboxes")
        try await pool.execute("CREATE TABLE kept_marks AS TABLE martlet_inbox.marks")
        try await pool.execute("CREATE TABLE kept_ids AS TABLE martlet_inbox.foreign_ids_1")
        try await pool.execute("CREATE TABLE kept_effects AS TABLE effects")
    }

    /// Makes them what they were.
    fileprivate func setBack() async throws {
        try await pool.transaction { transaction in
            try await transaction.query(
                """
                UPDATE martlet_inbox.inboxes i SET turn = k.turn, next_offset = k.next_offset
                FROM kept_inboxes k WHERE k.inbox = i.inbox
                """)
            try await transaction.query(
                """
                UPDATE martlet_inbox.marks m SET last_sequence = k.last_sequence
                FROM kept_marks k WHERE k.inbox = m.inbox AND k.producer = m.producer
                """)
            try await transaction.query(
                "DELETE FROM martlet_inbox.foreign_ids_1 f WHERE f.id NOT IN (SELECT k.id FROM kept_ids k)")
            try await transaction.query("DELETE FROM effects e WHERE e.n NOT IN (SELECT k.n FROM kept_effects k)")
        }
    }
}
