public import MartletDomain

extension EventStore {
    /// The events of one stream after a version, in order; read in pages of 1,000 as they are asked for.
    ///
    /// The sequence throws ``EventStoreError``.
    public func read<A: Aggregate>(
        _ id: StreamID<A>, after version: StreamVersion = .none
    ) -> PagedEvents<Recorded<A>> {
        PagedEvents(after: max(0, version.rawValue)) { last throws(EventStoreError) in
            let page = try await streamPage(id.name, after: StreamVersion(rawValue: last))
            return try page.map { stored throws(EventStoreError) in try codec.decode(stored, of: A.self) }
        } key: {
            $0.version.rawValue
        }
    }

    /// All events after a position, in the order of their commits; ends at the log's end.
    ///
    /// The sequence throws ``EventStoreError``, ``EventStoreError/hole(expected:found:)`` among them.
    public func readLog(after position: GlobalPosition = .start) -> PagedEvents<StoredEvent> {
        PagedEvents(after: max(0, position.rawValue)) { last throws(EventStoreError) in
            try await logPage(after: GlobalPosition(rawValue: last), limit: PagedEvents<StoredEvent>.pageSize)
        } key: {
            $0.position.rawValue
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

    /// Decodes a stored event, or returns nil when it is not of the aggregate's category.
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
    let page: @Sendable (_ after: Int64) async throws(EventStoreError) -> [Event]
    let key: @Sendable (Event) -> Int64

    init(
        after: Int64, page: @escaping @Sendable (_ after: Int64) async throws(EventStoreError) -> [Event],
        key: @escaping @Sendable (Event) -> Int64
    ) {
        self.after = after
        self.page = page
        self.key = key
    }

    public func makeAsyncIterator() -> Iterator { Iterator(events: self, last: after) }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let events: PagedEvents
        fileprivate var last: Int64
        private var buffer: ArraySlice<Event> = []
        private var isAtEnd = false

        fileprivate init(events: PagedEvents, last: Int64) {
            self.events = events
            self.last = last
        }

        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(EventStoreError) -> Event? {
            if buffer.isEmpty, !isAtEnd {
                buffer = try await events.page(last)[...]
                isAtEnd = buffer.count < PagedEvents.pageSize
            }
            guard let event = buffer.popFirst() else { return nil }
            last = events.key(event)
            return event
        }
    }
}
