import Martlet
import Testing

@testable import MartletEventStore

/// Which appends go together, without a database.
struct AppendQueueTests {
    private func request(_ key: String, events: Int = 1) throws -> AppendRequest {
        let event = Account.Event.received(cents: 1)
        return try AppendRequest(
            [Account.Event](repeating: event, count: events), to: Account.ID(key), expecting: .any, metadata: .none,
            codec: EventCodec())
    }

    private func queue(_ keys: [String], limits: AppendQueue<Int>.Limits = .init()) throws -> AppendQueue<Int> {
        var queue = AppendQueue<Int>(limits: limits)
        for (index, key) in keys.enumerated() { queue.add(try request(key), index) }
        return queue
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
        queue.add(try request("a"), 1)
        queue.add(try request("b"), 2)
        #expect(queue.takeBatch().map(\.waiter) == [2])
        queue.finish(first)
        let second = queue.takeBatch()
        #expect(second.map(\.waiter) == [1])
        queue.finish(second)
        queue.add(try request("a"), 3)
        #expect(queue.takeBatch().map(\.waiter) == [3])
    }

    @Test func `a batch is bounded by its events and its bytes`() throws {
        var byEvents = try queue(["a", "b", "c"], limits: .init(events: 2, bytes: 1000))
        #expect(byEvents.takeBatch().count == 2)
        let size = try request("a").byteCount
        var byBytes = try queue(["a", "b", "c"], limits: .init(events: 1000, bytes: 2 * size))
        #expect(byBytes.takeBatch().count == 2)
        #expect(byBytes.takeBatch().count == 1)
    }

    @Test func `an append beyond the bounds goes alone`() throws {
        var queue = AppendQueue<Int>(limits: .init(events: 2, bytes: 1000))
        queue.add(try request("a", events: 5), 0)
        queue.add(try request("b"), 1)
        #expect(queue.takeBatch().map(\.waiter) == [0])
        #expect(queue.takeBatch().map(\.waiter) == [1])
    }
}
