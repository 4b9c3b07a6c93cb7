import MartletDomain
import MartletEventStore

/// A stretch of the log in pages, read and decoded ahead of whoever takes them.
///
/// Positions have no holes, so where each page begins is known before the one before it has come: several are under way
/// at once.
struct PageFeed<Writer: ReadModelWriter>: ~Copyable {
    struct Page: Sendable {
        /// Those that the projection takes.
        let events: [RoutedEvent<Writer.Input>]
        /// Of all events that it had.
        let count: Int
        let through: GlobalPosition
    }

    private let writer: Writer
    private let store: EventStore
    private let end: Int64
    private let size: Int64
    private var asked: Int64
    private var ahead: [Task<Page, any Error>] = []
    private static var depth: Int { 3 }

    /// - Parameter end: a position that the log has.
    init(_ writer: Writer, _ store: EventStore, after start: GlobalPosition, upTo end: GlobalPosition, size: Int) {
        (self.writer, self.store, self.size) = (writer, store, Int64(size))
        (asked, self.end) = (start.rawValue, end.rawValue)
    }

    deinit { for task in ahead { task.cancel() } }

    /// The next page, or nil after the last.
    mutating func next() async throws -> Page? {
        while ahead.count < Self.depth, asked < end { ask() }
        guard let first = ahead.first else { return nil }
        let page = try await withTaskCancellationHandler {
            try await first.value
        } onCancel: {
            first.cancel()
        }
        ahead.removeFirst()
        return page
    }

    private mutating func ask() {
        let (start, last, writer, store) = (asked, min(asked + size, end), writer, store)
        asked = last
        ahead.append(Task { try await Self.read(after: start, upTo: last, writer, store) })
    }

    private static func read(
        after start: Int64, upTo end: Int64, _ writer: Writer, _ store: EventStore
    ) async throws -> Page {
        let stored = try await store.logPage(after: GlobalPosition(rawValue: start), limit: Int(end - start))
        guard stored.count == end - start else {
            throw EventStoreError.hole(
                expected: GlobalPosition(rawValue: start + Int64(stored.count) + 1), found: .start)
        }
        var events: [RoutedEvent<Writer.Input>] = []
        events.reserveCapacity(stored.count)
        for stored in stored {
            if let event = writer.route(stored, store) { events.append(event) }
        }
        return Page(events: events, count: stored.count, through: GlobalPosition(rawValue: end))
    }
}
