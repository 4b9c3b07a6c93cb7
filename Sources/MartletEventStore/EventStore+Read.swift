public import MartletDomain

extension EventStore {
    /// The events of one stream after a version, in order; read in pages of 1,000 as they are asked for.
    ///
    /// Retired events are left out, which is why versions may then be missing.
    ///
    /// The sequence throws ``EventStoreError``.
    public func read<A: Aggregate>(
        _ id: StreamID<A>, after version: StreamVersion = .none
    ) -> PagedEvents<Recorded<A>> {
        PagedEvents(after: max(0, version.rawValue)) { last throws(EventStoreError) in
            let page = try await streamPage(id.name, after: StreamVersion(rawValue: last))
            return .init(
                try codec.decode(page, of: A.self), readThrough: page.isLast ? nil : page.last?.version.rawValue)
        }
    }

    /// The events of one stream as they are stored, retired ones included.
    func readStored(_ stream: StreamName) -> PagedEvents<StoredEvent> {
        PagedEvents(after: 0) { last throws(EventStoreError) in
            let page = try await streamPage(stream, after: StreamVersion(rawValue: last))
            return .init(page, readThrough: page.isLast ? nil : page.last?.version.rawValue)
        }
    }

    /// All events after a position, in the order of their commits; ends at the log's end.
    ///
    /// The sequence throws ``EventStoreError``, ``EventStoreError/hole(expected:found:)`` among them.
    public func readLog(after position: GlobalPosition = .start) -> PagedEvents<StoredEvent> {
        PagedEvents(after: max(0, position.rawValue)) { last throws(EventStoreError) in
            let page = try await logPage(
                after: GlobalPosition(rawValue: last), limit: PagedEvents<StoredEvent>.pageSize)
            return .init(page, readThrough: page.isLast ? nil : page.last?.position.rawValue)
        }
    }

    /// Up to `limit` events that follow a position without a hole.
    package func logPage(after position: GlobalPosition, limit: Int) async throws(EventStoreError) -> [StoredEvent] {
        let page = try await storage.readLog(LogPage(from: position, limit: limit)).events
        for (offset, event) in page.enumerated() {
            let expected = GlobalPosition(rawValue: position.rawValue + Int64(offset) + 1)
            guard event.position == expected else { throw .hole(expected: expected, found: event.position) }
        }
        return page
    }

    /// Decodes a stored event, or returns nil when it is not of the aggregate's category, or retired.
    package func decode<A: Aggregate>(_ stored: StoredEvent, of _: A.Type) throws(EventStoreError) -> Recorded<A>? {
        stored.stream.category == A.category ? try codec.decode(stored, of: A.self) : nil
    }

    private func streamPage(
        _ stream: StreamName, after version: StreamVersion
    ) async throws(EventStoreError) -> [StoredEvent] {
        if let flaw = stream.flaw { throw .invalidStream(stream, flaw: flaw) }
        let page = try await storage.readStream(
            stream, StreamPage(from: version, limit: PagedEvents<StoredEvent>.pageSize))
        for (offset, event) in page.enumerated() {
            let expected = version.rawValue + Int64(offset) + 1
            guard event.version.rawValue == expected else {
                throw .corrupt("stream \"\(stream)\": expected version \(expected), found \(event.version)")
            }
        }
        return page
    }
}

/// Events read page by page: the next page is asked for when the last one is used up, so a slow reader holds nothing
/// but one page.
public struct PagedEvents<Event: Sendable>: AsyncSequence, Sendable {
    static var pageSize: Int { 1000 }

    let after: Int64
    let page: @Sendable (_ after: Int64) async throws(EventStoreError) -> Page

    init(after: Int64, page: @escaping @Sendable (_ after: Int64) async throws(EventStoreError) -> Page) {
        self.after = after
        self.page = page
    }

    struct Page {
        let events: [Event]
        /// Where the next page begins, which is not told by the events when some are left out; nil at the end.
        let readThrough: Int64?

        init(_ events: [Event], readThrough: Int64?) {
            (self.events, self.readThrough) = (events, readThrough)
        }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(events: self, next: after) }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let events: PagedEvents
        /// Nil at the end.
        private var next: Int64?
        private var buffer: ArraySlice<Event> = []

        fileprivate init(events: PagedEvents, next: Int64) {
            self.events = events
            self.next = next
        }

        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(EventStoreError) -> Event? {
            while buffer.isEmpty, let after = next {
                let page = try await events.page(after)
                buffer = page.events[...]
                next = page.readThrough
            }
            return buffer.popFirst()
        }
    }
}

extension [StoredEvent] {
    /// Whether nothing followed when this page was read.
    fileprivate var isLast: Bool { count < PagedEvents<StoredEvent>.pageSize }
}
