import MartletDomain
import MartletPostgres
import MartletProjections

/// How the courier finds what there is to deliver.
extension Courier {
    var wantsLook: Bool {
        let isTime = nextLook <= .now
        guard failures == 0 else { return isTime }
        return isDue || isTime || delivered.count >= Self.deliveredCount || feeds.contains(where: \.wantsMore)
    }

    /// Takes what was delivered off the table and reads what is new.
    mutating func look() async {
        do {
            if inherited == nil { inherited = try await newest() }
            let rooms = feeds.map(\.room)
            let deletion = surroundings.deletion(of: delivered, at: partition)
            if let reading = reading(rooms) {
                let rows = try await surroundings.ask(deletion, reading)
                looks += 1
                try take(rows, rooms)
            } else {
                _ = try await surroundings.ask(deletion)
            }
            delivered = []
            (isDue, failures, nextLook) = (false, 0, .now + Self.pollInterval)
        } catch {
            failures += 1
            nextLook = .now + backoff.delay(after: failures)
        }
    }

    private func newest() async throws -> Int64 {
        let rows = try await surroundings.pool.query(
            """
            SELECT coalesce(max(effect), 0) FROM \(surroundings.schema).process_effects
            WHERE place = \(partition.place)
            """)
        return try rows.first?.decode(Int64.self) ?? 0
    }

    private func reading(_ rooms: [Int]) -> SQL? {
        let pages = feeds.indices.filter { rooms[$0] > 0 }.map { page(of: $0, upTo: rooms[$0]) }
        guard let first = pages.first else { return nil }
        return pages.dropFirst().reduce(first) { "\($0) UNION ALL \($1)" }
    }

    /// What was there before this process had the partition may have been answered, and not reacted to yet.
    private func page(of feed: Int, upTo limit: Int) -> SQL {
        let schema = surroundings.schema
        let seen = feeds[feed].seen
        let answered: SQL =
            seen >= inherited ?? 0
            ? "false"
            : """
            EXISTS (SELECT FROM \(schema).commands c
                WHERE c.command_id = \(P.name + "/") || e.instance || '/' || e.number || '.' || e.round || '/end')
            """
        return """
            (SELECT \(Int32(feed)) AS feed, \(PendingEffect.columns), \(answered) AS is_answered
            FROM \(schema).process_effects e
            WHERE e.place = \(partition.place) AND e.effect > \(seen)
                AND e.parked_at IS NULL AND \(feeds[feed].filter(providers: providers))
            ORDER BY e.effect LIMIT \(limit))
            """
    }

    private mutating func take(_ rows: Rows, _ rooms: [Int]) throws {
        var counts = feeds.map { _ in 0 }
        var newest: Int64 = 0
        for row in rows {
            let feed = Int(try row.decode("feed", as: Int32.self))
            guard feeds.indices.contains(feed) else { continue }
            var pending = try PendingEffect(row)
            pending.isInherited = pending.effect <= inherited ?? 0
            pending.look = looks
            feeds[feed].take(pending, isAnswered: try row.decode("is_answered"))
            counts[feed] += 1
            newest = max(newest, pending.effect)
        }
        for feed in feeds.indices { feeds[feed].wasRead(counts[feed], of: rooms[feed], upTo: newest) }
    }
}
