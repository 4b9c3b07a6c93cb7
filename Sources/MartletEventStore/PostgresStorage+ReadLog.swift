import MartletDomain
import MartletPostgres

extension PostgresStorage {
    package func readLog(_ page: LogPage) async throws(EventStoreError) -> LogPage.Answer {
        switch page.filter {
        case .all:
            let found = try StoredEvent.all(in: await rows(of: allEvents(of: page)))
            return page.answer(found, head: found.last?.position ?? page.from)
        case .types(let types):
            return try await read(page, from: eventsOf(types: types.sorted(), categories: nil, page))
        case .categories(let categories):
            return try await read(page, from: eventsOf(types: nil, categories: categories.sorted(), page))
        case .correlation(let id):
            return try await read(page, from: events(of: page, where: "metadata->>'correlation' = \(id)"))
        }
    }

    private func allEvents(of page: LogPage) -> SQL {
        switch page.direction {
        case .forwards:
            .prepared(
                """
                SELECT \(StoredEvent.columns) FROM \(schema).log_page(\(page.from.rawValue), \(Int32(clamping: page.limit)))
                """)
        case .backwards: events(of: page, where: "true")
        }
    }

    private func events(of page: LogPage, where condition: SQL) -> SQL {
        let place: SQL =
            switch page.direction {
            case .forwards: "position > \(page.from.rawValue) AND \(condition) ORDER BY position"
            case .backwards: "position < \(page.from.rawValue) AND \(condition) ORDER BY position DESC"
            }
        return "SELECT \(StoredEvent.columns) FROM \(schema).events WHERE \(place) LIMIT \(page.limit)"
    }

    private func eventsOf(types: [String]?, categories: [String]?, _ page: LogPage) -> SQL {
        """
        SELECT \(StoredEvent.columns) FROM \(schema).events_of(
            \(types), \(categories), \(page.from.rawValue), \(page.direction == .backwards), \(Int32(clamping: page.limit)))
        """
    }

    /// The head comes from the same snapshot as the events: what was appended after it was not looked at.
    private func read(_ page: LogPage, from events: SQL) async throws(EventStoreError) -> LogPage.Answer {
        let order: SQL = page.direction == .forwards ? "position" : "position DESC"
        let rows = try await rows(
            of: """
                SELECT \(StoredEvent.columns), head
                FROM (SELECT coalesce(max(position), 0) FROM ONLY \(schema).events) log (head)
                LEFT JOIN (\(events)) found ON true ORDER BY \(order)
                """)
        let (first, head) = try decoding(rows.first) { row throws(PostgresDecodingError) in
            (try row.decode("position", as: Int64?.self), try row.decode("head", as: Int64.self))
        }
        return page.answer(first == nil ? [] : try StoredEvent.all(in: rows), head: GlobalPosition(rawValue: head))
    }
}

extension LogPage {
    /// - Parameter head: where the log ended when it was looked at.
    fileprivate func answer(_ events: [StoredEvent], head: GlobalPosition) -> Answer {
        if events.count == limit, let last = events.last { return Answer(events: events, through: last.position) }
        return Answer(events: events, through: direction == .forwards ? max(from, head) : .start)
    }
}
