import Martlet
import Testing

@testable import MartletEventStore

/// Which appends go together, without a database.
struct AppendQueueTests {
    private func unit(_ keys: [String], events: Int = 1, command: String? = nil) throws -> AppendUnit {
        let streams = try keys.map { key in
            try AppendUnit.Stream(
                [Account.Event](repeating: .received(cents: 1), count: events), to: Account.ID(key), expecting: .any,
                metadata: .none, codec: EventCodec())
        }
        return AppendUnit(streams, command: try command.map { try AppendUnit.Command(CommandID($0), body: []) })
    }

    /// A queue of units, each written as its streams: `"a"`, `"a b"`; its waiter is its index, which is its ticket.
    private func queue(_ units: [String], limits: AppendLimits = .init()) throws -> AppendQueue<Int> {
        var queue = AppendQueue<Int>(limits: limits)
        for (index, unit) in units.enumerated() { try add(unit, index, to: &queue) }
        return queue
    }

    private func add(_ keys: String, _ index: Int, to queue: inout AppendQueue<Int>) throws {
        queue.add(try unit(keys.split(separator: " ").map(String.init)), index, ticket: UInt64(index))
    }

    @Test func `everything that waits goes in one batch, in order`() throws {
        var queue = try queue(["a", "b", "c"])
        #expect(queue.takeBatch().map(\.waiter) == [0, 1, 2])
        #expect(queue.takeBatch().isEmpty)
    }

    @Test func `appends to one stream go one batch after the other, in order`() throws {
        var queue = try queue(["a", "b", "a", "c", "a"])
        let first = queue.takeBatch()
        #expect(first.map(\.waiter) == [0, 1, 3])
        #expect(queue.takeBatch().isEmpty)
        queue.finish(first)
        let second = queue.takeBatch()
        #expect(second.map(\.waiter) == [2])
        queue.finish(second)
        #expect(queue.takeBatch().map(\.waiter) == [4])
    }

    @Test func `an append to a stream that is under way waits, and one to another goes at once`() throws {
        var queue = try queue(["a"])
        let first = queue.takeBatch()
        try add("a", 1, to: &queue)
        try add("b", 2, to: &queue)
        #expect(queue.takeBatch().map(\.waiter) == [2])
        queue.finish(first)
        let second = queue.takeBatch()
        #expect(second.map(\.waiter) == [1])
        queue.finish(second)
        try add("a", 3, to: &queue)
        #expect(queue.takeBatch().map(\.waiter) == [3])
    }

    @Test func `a unit waits until all of its streams are free, and holds those that come later`() throws {
        var queue = try queue(["a", "b", "a b", "b", "c"])
        let first = queue.takeBatch()
        #expect(first.map(\.waiter) == [0, 1, 4])
        queue.finish([first[0]])
        #expect(queue.takeBatch().isEmpty)
        queue.finish([first[1], first[2]])
        let second = queue.takeBatch()
        #expect(second.map(\.waiter) == [2])
        queue.finish(second)
        #expect(queue.takeBatch().map(\.waiter) == [3])
    }

    @Test func `two units of the same command do not go together`() throws {
        var queue = AppendQueue<Int>()
        queue.add(try unit(["a"], command: "pay"), 0, ticket: 0)
        queue.add(try unit(["b"], command: "pay"), 1, ticket: 1)
        let first = queue.takeBatch()
        #expect(first.map(\.waiter) == [0])
        queue.finish(first)
        #expect(queue.takeBatch().map(\.waiter) == [1])
    }

    @Test func `what is taken out of the line lets those behind it move up`() throws {
        var queue = try queue(["a", "a", "a", "b"])
        #expect(queue.remove(ticket: 0)?.waiter == 0)
        #expect(queue.remove(ticket: 0) == nil)
        let first = queue.takeBatch()
        #expect(first.map(\.waiter) == [3, 1])
        #expect(queue.remove(ticket: 1) == nil)
        #expect(queue.remove(ticket: 2)?.waiter == 2)
        queue.finish(first)
        #expect(queue.takeBatch().isEmpty)
        #expect(queue.count == 0)
        #expect(queue.waitingBytes == 0)
    }

    @Test func `what has waited too long is taken out, blocked or not`() throws {
        let start = ContinuousClock.now
        var queue = AppendQueue<Int>()
        for index in 0..<4 {
            queue.add(try unit(["a"]), index, ticket: UInt64(index), at: start + .seconds(index))
        }
        #expect(queue.removeAll(since: start + .seconds(2)).compactMap(\.waiter).sorted() == [0, 1])
        #expect(queue.takeBatch().map(\.waiter) == [2])
    }

    @Test func `it is full by number and by bytes`() throws {
        #expect(try queue(["a", "b"], limits: .init { $0.waiting = 2 }).isFull)
        #expect(try !queue(["a"], limits: .init { $0.waiting = 2 }).isFull)
        let size = try unit(["a"]).byteCount
        var queue = try queue(["a", "b"], limits: .init { $0.waitingBytes = 2 * size })
        #expect(queue.isFull)
        _ = queue.takeBatch()
        #expect(!queue.isFull)
    }

    @Test func `a batch is bounded by its events and its bytes`() throws {
        var byEvents = try queue(["a", "b", "c"], limits: .init { $0.batchEvents = 2 })
        #expect(byEvents.takeBatch().count == 2)
        let size = try unit(["a"]).byteCount
        var byBytes = try queue(["a", "b", "c"], limits: .init { $0.batchBytes = 2 * size })
        #expect(byBytes.takeBatch().count == 2)
        #expect(byBytes.takeBatch().count == 1)
    }

    @Test func `an append beyond the bounds goes alone`() throws {
        var queue = AppendQueue<Int>(limits: .init { $0.batchEvents = 2 })
        queue.add(try unit(["a"], events: 5), 0, ticket: 0)
        queue.add(try unit(["b"]), 1, ticket: 1)
        #expect(queue.takeBatch().map(\.waiter) == [0])
        #expect(queue.takeBatch().map(\.waiter) == [1])
    }
}
