import MartletDomain

extension EventStore {
    /// Folds events into a value, as they stand now or had by some moment in the past.
    ///
    /// Reads a page of 1,000 at a time, and of the log only the categories that it takes. Retired events are left out.
    /// - Precondition: only a stream is folded as of a version.
    /// - Throws: ``EventStoreError``, ``EventStoreError/undecodable(type:_:_:_:problem:)`` among it.
    public func fold<View: LiveProjection>(
        _: View.Type, over scope: LiveScope, asOf moment: AsOf? = nil
    ) async throws(EventStoreError) -> LiveView<View> {
        switch scope {
        case .stream(let name): try await fold(name, moment)
        case .correlation(let id): try await fold(.correlation(id), moment)
        case .log: try await fold(.categories(View.Input.categories), moment)
        }
    }

    private func fold<View: LiveProjection>(
        _ stream: StreamName, _ moment: AsOf?
    ) async throws(EventStoreError) -> LiveView<View> {
        var view = LiveView<View>()
        var next: PageCursor? = PageCursor(.forwards, after: nil)
        while let cursor = next {
            let page = try await streamPage(stream, from: cursor, asOf: moment)
            try fold(page, into: &view)
            next = cursor.next(after: page.last?.version.rawValue, count: page.count)
        }
        return view
    }

    private func fold<View: LiveProjection>(
        _ filter: LogFilter, _ moment: AsOf?
    ) async throws(EventStoreError) -> LiveView<View> {
        var view = LiveView<View>()
        while true {
            let page = try await logPage(after: view.position, filter: filter, limit: PageCursor.size)
            let events = page.events.prefix { moment.includes($0) }
            try fold(events, into: &view)
            guard events.count == page.events.count else { return view }
            view.position = moment.end(of: page.through)
            guard page.events.count == PageCursor.size else { return view }
        }
    }

    private func fold<View: LiveProjection>(
        _ events: some Sequence<StoredEvent>, into view: inout LiveView<View>
    ) throws(EventStoreError) {
        for stored in events {
            if let input = try decode(stored, as: View.Input.self) { view.value.apply(input) }
            view.position = stored.position
        }
    }
}

extension AsOf? {
    /// Whether an event of the log had happened by then; those after one that had not had not either.
    fileprivate func includes(_ event: StoredEvent) -> Bool {
        switch self {
        case nil: true
        case .position(let position): event.position <= position
        case .date(let date): event.recordedAt <= date
        case .version(let version): preconditionFailure("expected a position or a date, found version \(version)")
        }
    }

    /// Up to where everything is in, when nothing had to be left out up to a position.
    fileprivate func end(of through: GlobalPosition) -> GlobalPosition {
        if case .position(let position) = self { min(position, through) } else { through }
    }
}
