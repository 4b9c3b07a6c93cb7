import Synchronization
import Testing

@testable import MartletEventStore

/// Counts what is asked of it, and holds back what it is told to.
private final class Source: Sendable {
    struct State {
        var asked: [Int] = []
        var cancelled: [Int] = []
        var failing: Set<Int> = []
    }
    let state = Mutex(State())
    let heldBack: Int?
    private let (asks, ask) = AsyncStream.makeStream(of: Int.self)
    private let (ends, end) = AsyncStream.makeStream(of: Int.self)

    init(holding heldBack: Int? = nil) { self.heldBack = heldBack }

    func pages(_ count: Int) -> ReadAhead<Int, Int> {
        ReadAhead(from: 1) { [self] cursor throws(EventStoreError) in
            let fails = state.withLock { state in
                state.asked.append(cursor)
                return state.failing.remove(cursor) != nil
            }
            ask.yield(cursor)
            if fails { throw .corrupt("page \(cursor)") }
            if cursor == heldBack {
                // Until cancelled.
                do { try await Task.sleep(for: .seconds(600)) } catch {
                    end.yield(cursor)
                    throw .corrupt("cancelled")
                }
            }
            return .init(page: cursor, next: cursor < count ? cursor + 1 : nil)
        }
    }

    func asked(for page: Int) async {
        for await found in asks where found == page { return }
    }

    func cancelled(_ page: Int) async {
        for await found in ends where found == page { return }
    }

    var asked: [Int] { state.withLock(\.asked) }
}

struct ReadAheadTests {
    @Test func `a page that failed while nobody waited is asked for again when the database was away`() async throws {
        let asked = Mutex<[Int]>([])
        var pages = ReadAhead<Int, Int>(from: 1) { cursor throws(EventStoreError) in
            let times = asked.withLock { asked in
                asked.append(cursor)
                return asked.count { $0 == cursor }
            }
            if cursor == 2, times == 1 { throw .overloaded(waiting: 0, for: .zero) }
            return .init(page: cursor, next: cursor < 2 ? cursor + 1 : nil)
        }
        #expect(try await pages.next() == 1)
        #expect(try await pages.next() == 2)
        #expect(asked.withLock { $0 } == [1, 2, 2])
    }

    @Test func `each page is fetched once, one ahead of the reader and no more`() async throws {
        let source = Source()
        var pages = source.pages(4)
        #expect(source.asked == [])
        for page in 1...4 {
            #expect(try await pages.next() == page)
            if page < 4 { await source.asked(for: page + 1) }
            #expect(source.asked == Array(1...min(page + 1, 4)))
        }
        #expect(try await pages.next() == nil)
        #expect(try await pages.next() == nil)
        #expect(source.asked == [1, 2, 3, 4])
    }

    @Test func `a page that failed is fetched again`() async throws {
        let source = Source()
        source.state.withLock { $0.failing = [1, 2] }
        var pages = source.pages(2)
        await #expect(throws: EventStoreError.self) { try await pages.next() }
        #expect(try await pages.next() == 1)
        await #expect(throws: EventStoreError.self) { try await pages.next() }
        #expect(try await pages.next() == 2)
        #expect(source.asked == [1, 1, 2, 2])
    }

    @Test(.timeLimit(.minutes(1))) func `a reader that is dropped gives up the page ahead`() async throws {
        let source = Source(holding: 2)
        do {
            var pages = source.pages(3)
            #expect(try await pages.next() == 1)
            await source.asked(for: 2)
        }
        await source.cancelled(2)
        #expect(source.asked == [1, 2])
    }

    @Test(.timeLimit(.minutes(1))) func `a cancelled reader gives up the page it waits for`() async throws {
        let source = Source(holding: 2)
        let reader = Task {
            var pages = source.pages(3)
            _ = try await pages.next()
            _ = try await pages.next()
        }
        await source.asked(for: 2)
        reader.cancel()
        await source.cancelled(2)
        await #expect(throws: EventStoreError.self) { try await reader.value }
    }
}
