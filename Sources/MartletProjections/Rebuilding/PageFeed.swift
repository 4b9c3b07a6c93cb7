import MartletDomain
import MartletEventStore

/// A stretch of the log in pages, read and decoded ahead of whoever takes them.
///
/// Positions have no holes, so where each page begins is known before the one before it has come: several are under way
/// at once. Unless others want the machine: where a page takes thrice as long as the fastest one did, it rests as long and
/// asks for one at a time. And unless they are large: pages hold about 16 MB at most, by what those before had.
struct PageFeed<Writer: ReadModelWriter>: ~Copyable {
    struct Page: Sendable {
        /// Those that the projection takes.
        let events: [RoutedEvent<Writer.Input>]
        /// All that the log has there, without a hole.
        let stored: [StoredEvent]
        let start: GlobalPosition
        let time: Duration

        var count: Int { stored.count }
        var through: GlobalPosition { stored.last?.position ?? start }

        /// The event that stands there; nil outside the page.
        func event(at position: GlobalPosition) -> StoredEvent? {
            let index = position.rawValue - start.rawValue - 1
            return stored.indices.contains(Int(index)) ? stored[Int(index)] : nil
        }
    }

    private let writer: Writer
    private let store: EventStore
    private let end: Int64
    private let limit: Int64
    /// How many events are asked for at once.
    private var size: Int64
    private var asked: Int64
    private var ahead: [Task<Page, any Error>] = []
    /// What the fastest full page took.
    private var fastest: Duration?
    /// What a page took that took too long; else nil.
    private var slow: Duration?
    /// Whether it is known how large events are.
    private var isMeasured = false
    private var depth: Int { slow == nil && isMeasured ? 3 : 1 }
    private static var bytesPerPage: Int { 16 << 20 }

    /// - Parameter end: a position that the log has.
    init(_ writer: Writer, _ store: EventStore, after start: GlobalPosition, upTo end: GlobalPosition, size: Int) {
        (self.writer, self.store, limit) = (writer, store, Int64(size))
        self.size = max(1, limit / 8)
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
        measure(page)
        return page
    }

    /// Halves or doubles what is asked for until a page of such events is of the right size.
    private mutating func measure(_ page: Page) {
        guard page.count > 0 else { return }
        isMeasured = true
        let bytes = page.stored.reduce(0) { $0 + $1.size }
        let wanted = min(limit, Int64(Self.bytesPerPage / max(1, bytes / page.count)))
        let old = size
        while size > 1, size > wanted { size /= 2 }
        while size < limit, wanted >= min(limit, size * 2) { size = min(limit, size * 2) }
        // Others take another time.
        if size != old { (fastest, slow) = (nil, nil) }
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
            events: events, stored: stored, start: GlobalPosition(rawValue: start), time: .now - begun)
    }
}

extension StoredEvent {
    /// In bytes, of what may be large.
    var size: Int { payload.count + metadata.count }
}
