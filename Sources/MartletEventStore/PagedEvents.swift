/// Events read in pages of 1,000, the next page while this one is processed: a slow reader holds two pages, and
/// nothing at the server.
///
/// Every iterator reads by itself. One that is dropped midway, or whose task is cancelled, leaves nothing running.
public struct PagedEvents<Event: Sendable>: AsyncSequence, Sendable {
    typealias Pages = ReadAhead<PageCursor, [Event]>

    let start: PageCursor
    let fetch: Pages.Fetch

    public func makeAsyncIterator() -> Iterator { Iterator(pages: Pages(from: start, fetch)) }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var pages: Pages
        private var page = [Event]().makeIterator()

        fileprivate init(pages: Pages) { self.pages = pages }

        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(EventStoreError) -> Event? {
            while true {
                if let event = page.next() { return event }
                guard let events = try await pages.next() else { return nil }
                page = events.makeIterator()
            }
        }
    }
}

/// Where a page starts: beyond a version of a stream or a position of the log, in the direction of reading.
struct PageCursor: Sendable {
    static let size = 1000

    var direction: ReadDirection
    var beyond: Int64
    /// Whether the page must start right there; a reader that goes backwards may ask from beyond the end.
    var isExact: Bool

    /// - Parameter place: nil is the end that lies behind the reader.
    init(_ direction: ReadDirection, after place: Int64?) {
        self.direction = direction
        switch direction {
        case .forwards: (beyond, isExact) = (max(0, place ?? 0), true)
        case .backwards: (beyond, isExact) = (place ?? .max, false)
        }
    }

    /// The place where something is missing, if something is, and what stands there instead (0: nothing).
    func gap(in places: some Sequence<Int64>, isLast: Bool) -> (expected: Int64, found: Int64)? {
        let step: Int64 = direction == .forwards ? 1 : -1
        var (previous, isExact) = (beyond, isExact)
        for place in places {
            if isExact, place != previous + step { return (previous + step, place) }
            (previous, isExact) = (place, true)
        }
        return direction == .backwards && isLast && isExact && previous > 1 ? (previous - 1, 0) : nil
    }

    /// Where the next page starts; nil after a page that was not full.
    func next(after last: Int64?, count: Int) -> PageCursor? {
        guard let last, count == Self.size else { return nil }
        var next = self
        (next.beyond, next.isExact) = (last, true)
        return next
    }
}
