public import MartletDomain

extension EventStore {
    /// The events of one stream, in the order of their versions or the latest first.
    ///
    /// ```swift
    /// for try await recorded in store.read(id, .backwards) { … }
    /// for try await recorded in store.read(id, asOf: .date(lastMidnight)) { … }
    /// ```
    /// Retired events are left out. The sequence throws ``EventStoreError``, among it when a version is missing.
    /// - Parameters:
    ///   - version: where to start, this version excluded: after it, or before it when reading backwards.
    ///   - moment: leaves out what happened later.
    public func read<A: Aggregate>(
        _ id: StreamID<A>, _ direction: ReadDirection = .forwards, after version: StreamVersion? = nil,
        asOf moment: AsOf? = nil
    ) -> PagedEvents<Recorded<A>> {
        PagedEvents(start: PageCursor(direction, after: version?.rawValue)) { cursor throws(EventStoreError) in
            let page = try await streamPage(id.name, from: cursor, asOf: moment)
            return .init(
                page: try codec.decode(page, of: A.self),
                next: cursor.next(after: page.last?.version.rawValue, count: page.count))
        }
    }

    /// Events of the whole log in the order of their commits, or the latest first; ends at the log's end.
    ///
    /// The sequence throws ``EventStoreError``; without a filter, ``EventStoreError/hole(expected:found:)`` among them.
    /// - Parameter position: where to start, this position excluded: after it, or before it when reading backwards.
    public func readLog(
        _ direction: ReadDirection = .forwards, after position: GlobalPosition? = nil, filter: LogFilter = .all
    ) -> PagedEvents<StoredEvent> {
        PagedEvents(start: PageCursor(direction, after: position?.rawValue)) { cursor throws(EventStoreError) in
            let answer = try await logPage(from: cursor, filter: filter, limit: PageCursor.size)
            return .init(
                page: answer.events, next: cursor.next(after: answer.through.rawValue, count: answer.events.count))
        }
    }

    /// Up to `limit` events that follow a position without a hole.
    package func logPage(after position: GlobalPosition, limit: Int) async throws(EventStoreError) -> [StoredEvent] {
        try await logPage(after: position, filter: .all, limit: limit).events
    }

    /// Up to `limit` events of those that follow a position, and up to where everything was looked at.
    package func logPage(
        after position: GlobalPosition, filter: LogFilter, limit: Int
    ) async throws(EventStoreError) -> LogPage.Answer {
        try await logPage(from: PageCursor(.forwards, after: position.rawValue), filter: filter, limit: limit)
    }

    private func logPage(
        from cursor: PageCursor, filter: LogFilter, limit: Int
    ) async throws(EventStoreError) -> LogPage.Answer {
        let answer = try await storage.readLog(
            LogPage(
                from: GlobalPosition(rawValue: cursor.beyond), direction: cursor.direction, filter: filter,
                limit: limit))
        let positions = answer.events.lazy.map { $0.position.rawValue }
        if filter == .all, let (expected, found) = cursor.gap(in: positions, isLast: answer.events.count < limit) {
            throw .hole(expected: GlobalPosition(rawValue: expected), found: GlobalPosition(rawValue: found))
        }
        return answer
    }

    /// Decodes a stored event, or returns nil when it is not of the aggregate's category, or retired.
    /// - Throws: ``EventStoreError/undecodable(type:_:_:_:problem:)``.
    public func decode<A: Aggregate>(
        _ stored: StoredEvent, of _: A.Type = A.self
    ) throws(EventStoreError) -> Recorded<A>? {
        stored.stream.category == A.category ? try codec.decode(stored, of: A.self) : nil
    }

    /// Events of one stream, without a gap between them.
    func streamPage(
        _ stream: StreamName, from cursor: PageCursor, asOf moment: AsOf?
    ) async throws(EventStoreError) -> [StoredEvent] {
        if let flaw = stream.flaw { throw .invalidStream(stream, flaw: flaw) }
        let page = try await storage.readStream(
            stream,
            StreamPage(
                from: StreamVersion(rawValue: cursor.beyond), direction: cursor.direction, asOf: moment,
                limit: PageCursor.size))
        let versions = page.lazy.map { $0.version.rawValue }
        if let (expected, found) = cursor.gap(in: versions, isLast: page.count < PageCursor.size) {
            throw .corrupt("stream \"\(stream)\": expected version \(expected), found \(found)")
        }
        return page
    }
}
