import MartletDomain
import MartletEventStore

/// A stretch of the log in pages, read and decoded ahead of whoever takes them.
///
/// Positions have no holes, so where each page begins is known before the one before it has come: several are under way
/// at once. Unless others want the machine: where a page takes thrice as long as the fastest one did, it rests as long and
/// asks for one at a time.
struct PageFeed<Writer: ReadModelWriter>: ~Copyable {
    struct Page: Sendable {
        /// Those that the projection takes.
        let events: [RoutedEvent<Writer.Input>]
        /// Of all events that it had.
        let count: Int
        let through: GlobalPosition
        let time: Duration
    }

    private let writer: Writer
    private let store: EventStore
    private let end: Int64
    private let size: Int64
    private var asked: Int64
    private var ahead: [Task<Page, any Error>] = []
    /// What the fastest full page took.
    private var fastest: Duration?
    /// What a page took that took too long; else nil.
    private var slow: Duration?
    private var depth: Int { slow == nil ? 3 : 1 }

    /// - Parameter end: a position that the log has.
    init(_ writer: Writer, _ store: EventStore, after start: GlobalPosition, upTo end: GlobalPosition, size: Int) {
        (self.writer, self.store, self.size) = (writer, store, Int64(size))
        (asked, self.end) = (start.rawValue, end.rawValue)
    }

    deinit { for task in ahead { task.cancel() } }

    /// The next page, or nil after the last.
    mutating func next() async throws -> Page? {
        if let slow { try await Task.sleep(for: slow) }
        while ahead.count < depth, asked < end { ask() }
        guard let first = ahead.first else { return nil }
        let page = try await withTaskCancellationHandler {
            try await first.value
        } onCancel: {
            first.cancel()
        }
        ahead.removeFirst()
        judge(page)
        return page
    }

    private mutating func judge(_ page: Page) {
        guard page.count == size else { return }
        let fastest = min(self.fastest ?? page.time, page.time)
        self.fastest = fastest
        slow = page.time > fastest * 3 ? page.time : nil
    }

    private mutating func ask() {
        let (start, last, writer, store) = (asked, min(asked + size, end), writer, store)
        asked = last
        ahead.append(Task { try await Self.read(after: start, upTo: last, writer, store) })
    }

    private static func read(
        after start: Int64, upTo end: Int64, _ writer: Writer, _ store: EventStore
    ) async throws -> Page {
        let begun = ContinuousClock.now
        let stored = try await store.logPage(after: GlobalPosition(rawValue: start), limit: Int(end - start))
        guard stored.count == end - start else {
            throw EventStoreError.hole(
                expected: GlobalPosition(rawValue: start + Int64(stored.count) + 1), found: .start)
        }
        var events: [RoutedEvent<Writer.Input>] = []
        events.reserveCapacity(stored.count)
        let sources = Writer.Input.sources
        for stored in stored {
            if let event = writer.route(stored, store, from: sources) { events.append(event) }
        }
        return Page(
            events: events, count: stored.count, through: GlobalPosition(rawValue: end), time: .now - begun)
    }
}
