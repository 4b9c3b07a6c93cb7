import Martlet
import MartletEventStore
import MartletTesting
import Synchronization
import Testing

@testable import MartletProjections

private struct Counted: Projection {
    static let name = "counted"
    static let tables: [ReadModelTable] = []

    func project(_: Recorded<Counter>, in _: Transaction) async throws {}
}

@Suite(.timeLimit(.minutes(1))) final class LogPagesTests: Sendable {
    private static let count: Int64 = 1500
    private let store = EventStore.inMemory()
    /// Up to where the log surely goes.
    private let head = Mutex<Int64>(0)

    private func append() async throws {
        var last: Int64 = 0
        while last < Self.count {
            let events = (0..<Int.random(in: 1...3)).map { Counter.Event.counted(by: $0) }
            last = try await store.append(events, to: Counter.ID("c"), expecting: .any).position.rawValue
            head.withLock { [last] in $0 = last }
            if Int.random(in: 0..<4) == 0 { try await Task.sleep(for: .microseconds(500)) }
        }
    }

    /// Reads as a worker does, now and then slower than the others, and throws away what is known.
    private func read(_ pages: LogPages<StatementWriter<Counted>>, pausing share: Int) async throws {
        var position: Int64 = 0
        while position < Self.count {
            let known = head.withLock(\.self)
            let generation = await store.storage.signal.generation
            let read = try await pages.pages(after: GlobalPosition(rawValue: position), since: generation)
            let last = try #require(read.last)
            let (events, through) = (read.flatMap(\.events), last.through.rawValue)
            try #require(events.map { $0.event.position.rawValue } == Array((position + 1)..<(through + 1)))
            try #require(last.last.map { $0.position.rawValue == through } ?? (through == position))
            // Nobody is told of an end that has been passed.
            try #require(last.isFull || through >= known)
            position = through
            if Int.random(in: 0..<100) < share { try await Task.sleep(for: .milliseconds(Int.random(in: 1...15))) }
            if Int.random(in: 0..<200) == 0 { await pages.forget() }
            if events.isEmpty, !last.isFull {
                await store.storage.signal.wait(since: generation, atMost: .milliseconds(100))
            }
        }
    }

    @Test func `whoever reads, however far behind, has every event once and in order`() async throws {
        let pages = LogPages(StatementWriter(Counted(), store: store), store, partitions: 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.append() }
            for share in [0, 0, 5, 20, 60, 90] { group.addTask { try await self.read(pages, pausing: share) } }
            try await group.waitForAll()
        }
    }
    @Test func `who has fallen behind takes all at once that others have read`() async throws {
        let pages = LogPages(StatementWriter(Counted(), store: store), store, partitions: 1)
        try await append()
        let generation = await store.storage.signal.generation
        let first = try await pages.pages(after: .start, since: generation)
        try #require(first.count == 1)
        var through = first[0].through
        while through.rawValue < Self.count {
            through = try #require(try await pages.pages(after: through, since: generation).last).through
        }
        let all = try await pages.pages(after: .start, since: generation)
        #expect(all.count > 1)
        #expect(all.flatMap(\.events).map(\.event.position.rawValue) == Array(1...through.rawValue))
    }
}
