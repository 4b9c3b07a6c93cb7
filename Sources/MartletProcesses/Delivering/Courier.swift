import MartletDomain
import MartletPostgres
import MartletProjections

/// Delivers a partition's effects for as long as this process has it: in order within each lane, many lanes at once.
///
/// It reads on from the last effect that it has seen, whenever a batch is committed; and from time to time, since a bell
/// may be missed.
struct Courier<P: ProcessManager> {
    private enum News: Sendable {
        /// A batch was committed.
        case rang
        case alarm(ContinuousClock.Instant)
        case ended(feed: Int, PendingEffect, DeliveryEnd)
    }

    private let surroundings: ProcessSurroundings<P>
    private let place: AttendedPartition
    private var feeds: [Feed]
    private let providers: [String]
    /// The last effect that was there before this process had the partition; nil before that is known.
    private var inherited: Int64?
    /// Delivered, and not yet taken off the table.
    private var delivered: [Int64] = []
    /// How many tries are under way for each instance.
    private var tries: [String: Int] = [:]
    /// Tries under way that are written down.
    private var counted: [Int64: PendingEffect] = [:]
    private var isListening = false
    private var alarm: ContinuousClock.Instant?
    /// Whether to look at the table now, and when to do so anyway.
    private var (isDue, nextLook) = (true, ContinuousClock.now)
    /// How often it has looked.
    private var looks = 0
    private var failures = 0
    private let backoff = Backoff(base: .milliseconds(50), limit: .seconds(1))
    private static var pollInterval: Duration { .seconds(5) }
    /// How long what was delivered may stay on the table, and how much of it.
    private static var deliveredInterval: Duration { .milliseconds(50) }
    private static var deliveredCount: Int { 100 }

    init(_ surroundings: ProcessSurroundings<P>, _ place: AttendedPartition) {
        (self.surroundings, self.place) = (surroundings, place)
        providers = surroundings.gates.keys.sorted()
        feeds = [Feed()] + surroundings.gates.sorted { $0.key < $1.key }.map { Feed($0.value) }
    }

    /// Runs until the task is cancelled.
    mutating func run() async {
        await withTaskGroup(of: News.self) { group in
            while !Task.isCancelled {
                let generation = await surroundings.bells[place.partition].generation
                if wantsLook { await look() }
                start(&group)
                listen(since: generation, &group)
                setAlarm(&group)
                switch await group.next() {
                case .rang?: (isListening, isDue) = (false, true)
                case .alarm(let moment)?: if alarm == moment { alarm = nil }
                case .ended(let feed, let pending, let end)?: take(end, of: pending, from: feed)
                case nil: return
                }
            }
            group.cancelAll()
        }
        // A task of its own, since this one is cancelled.
        await Task { [surroundings, place, delivered, counted] in
            await surroundings.leaveInOrder(delivered: delivered, cut: Array(counted.values), at: place)
        }.value
    }

    // MARK: reading

    private var wantsLook: Bool {
        let isTime = nextLook <= .now
        guard failures == 0 else { return isTime }
        return isDue || isTime || delivered.count >= Self.deliveredCount || feeds.contains(where: \.wantsMore)
    }

    /// Takes what was delivered off the table and reads what is new.
    private mutating func look() async {
        do {
            if inherited == nil { inherited = try await newest() }
            let rooms = feeds.map(\.room)
            let rows = try await surroundings.pool.query(reading(rooms))
            delivered = []
            looks += 1
            try take(rows, rooms)
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
            WHERE build = \(place.build) AND partition = \(Int16(place.partition))
            """)
        return try rows.first?.decode(Int64.self) ?? 0
    }

    private func reading(_ rooms: [Int]) -> SQL {
        let pages = feeds.indices.filter { rooms[$0] > 0 }.map { page(of: $0, upTo: rooms[$0]) }
        let deletion = surroundings.deletion(of: delivered, at: place)
        guard let first = pages.first else { return deletion }
        let read = pages.dropFirst().reduce(first) { "\($0) UNION ALL \($1)" as SQL }
        return "WITH delivered AS (\(deletion)) \(read)"
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
            WHERE e.build = \(place.build) AND e.partition = \(Int16(place.partition)) AND e.effect > \(seen)
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

    // MARK: delivering

    private mutating func start(_ group: inout TaskGroup<News>) {
        guard !place.isRevoked else { return }
        for feed in feeds.indices {
            // Whoever has to wait may have let another go first.
            while case let next = feeds[feed].takeNext(), !next.isEmpty {
                for pending in next { start(pending, from: feed, &group) }
            }
        }
    }

    private mutating func start(_ pending: PendingEffect, from feed: Int, _ group: inout TaskGroup<News>) {
        guard !mustWait(pending) else { return feeds[feed].lanes.rest(pending, until: .now + .milliseconds(50)) }
        var pending = pending
        // What withdraws a call, and undoes it, may have been found since: then it must not come after that.
        if pending.kind == .call, pending.look < looks { pending.wasPutOff = true }
        tries[pending.instance, default: 0] += 1
        if pending.isCounted { counted[pending.effect] = pending }
        let delivery = Delivery(surroundings: surroundings, place: place, pending: pending)
        group.addTask { [pending] in .ended(feed: feed, pending, await delivery.run()) }
    }

    /// What undoes a step must not overtake it; a try that is under way may belong to it.
    private func mustWait(_ pending: PendingEffect) -> Bool { pending.isUndo && tries[pending.instance] != nil }

    private mutating func take(_ end: DeliveryEnd, of pending: PendingEffect, from feed: Int) {
        if case .cut = end { return }
        counted[pending.effect] = nil
        tries[pending.instance] = tries[pending.instance].flatMap { $0 > 1 ? $0 - 1 : nil }
        switch end {
        case .delivered:
            if delivered.isEmpty { nextLook = min(nextLook, .now + Self.deliveredInterval) }
            delivered.append(pending.effect)
            feeds[feed].lanes.end(pending)
        case .over: feeds[feed].lanes.end(pending)
        case .putOff(let pending, let moment): feeds[feed].lanes.rest(pending, until: moment)
        case .cut: break
        }
    }

    // MARK: waiting

    private mutating func listen(since generation: UInt64, _ group: inout TaskGroup<News>) {
        guard !isListening else { return }
        isListening = true
        group.addTask { [bell = surroundings.bells[place.partition]] in
            await bell.wait(since: generation, atMost: .seconds(3600))
            return .rang
        }
    }

    /// One that is set for earlier is added to those that are set already.
    private mutating func setAlarm(_ group: inout TaskGroup<News>) {
        let rests = place.isRevoked ? [] : feeds.compactMap(\.lanes.nextRest)
        let moment = rests.min().map { min($0, nextLook) } ?? nextLook
        guard moment < alarm ?? .now + .seconds(3600) else { return }
        alarm = moment
        group.addTask {
            do { try await Task.sleep(until: moment, clock: .continuous) } catch {}
            return .alarm(moment)
        }
    }
}
