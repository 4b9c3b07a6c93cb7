import MartletDomain
import MartletPostgres
import MartletProjections

/// Delivers a partition's effects for as long as this process has it: in order within each lane, many lanes at once.
///
/// It reads on from the last effect that it has seen, whenever a batch is committed; and from time to time, since an
/// operator may have had one tried again.
struct Courier<P: ProcessManager> {
    private enum News: Sendable {
        case rang
        case ended(PendingEffect, Delivery<P>.End)
    }

    private let surroundings: ProcessSurroundings<P>
    private let place: AttendedPartition
    private var lanes = Lanes()
    private var seen: Int64 = 0
    /// Delivered, and not yet taken off the table.
    private var delivered: [Int64] = []
    private var isRinging = false
    /// Whether to look at the table now, and whether it has more than there was room for.
    private var (isDue, hasMore) = (true, false)
    private var failures = 0
    private let backoff = Backoff(base: .milliseconds(50), limit: .seconds(5))
    private static var pollInterval: Duration { .seconds(5) }
    private static var pageSize: Int { 500 }
    /// How many are delivered at once, and how many are kept in memory.
    private static var concurrency: Int { 128 }
    private static var capacity: Int { 2000 }

    init(_ surroundings: ProcessSurroundings<P>, _ place: AttendedPartition) {
        (self.surroundings, self.place) = (surroundings, place)
    }

    /// Runs until the task is cancelled.
    mutating func run() async {
        await withTaskGroup(of: News.self) { group in
            while !Task.isCancelled {
                let generation = await surroundings.bells[place.partition].generation
                if isDue || delivered.count >= 100 || (hasMore && lanes.count <= Self.capacity - Self.pageSize) {
                    await fetch()
                }
                start(&group)
                ring(since: generation, &group)
                switch await group.next() {
                case .rang?: (isRinging, isDue) = (false, true)
                case .ended(let effect, let end)?: await take(end, of: effect)
                case nil: return
                }
            }
            group.cancelAll()
        }
    }

    /// Takes what was delivered off the table and reads what is new.
    private mutating func fetch() async {
        do {
            let room = max(0, min(Self.pageSize, Self.capacity - lanes.count))
            let rows = try await surroundings.pool.query(reading(upTo: room))
            delivered = []
            (isDue, hasMore, failures) = (false, rows.count == room, 0)
            for row in rows {
                let pending = try PendingEffect(row)
                seen = max(seen, pending.effect)
                if try !row.decode("is_answered", as: Bool.self) { lanes.add(pending) }
            }
        } catch {
            failures += 1
            do { try await Task.sleep(for: backoff.delay(after: failures)) } catch {}
        }
    }

    /// What was there before this process had the partition may have been answered, and not reacted to yet.
    private func reading(upTo limit: Int) -> SQL {
        let schema = surroundings.schema
        let answered: SQL =
            seen > 0
            ? "false"
            : """
            EXISTS (SELECT FROM \(schema).commands c
                WHERE c.command_id = \(P.name + "/") || e.instance || '/' || e.number || '.' || e.round || '/end')
            """
        return """
            WITH delivered AS (
                DELETE FROM \(schema).process_effects e
                WHERE e.build = \(place.build) AND e.partition = \(Int16(place.partition))
                    AND e.effect = ANY (\(delivered))
            )
            SELECT \(PendingEffect.columns), \(answered) AS is_answered
            FROM \(schema).process_effects e
            WHERE e.build = \(place.build) AND e.partition = \(Int16(place.partition)) AND e.effect > \(seen)
                AND e.parked_at IS NULL
            ORDER BY e.effect LIMIT \(limit)
            """
    }

    private mutating func start(_ group: inout TaskGroup<News>) {
        guard !place.isRevoked else { return }
        for pending in lanes.take(Self.concurrency - lanes.running, at: .now) {
            let (surroundings, place) = (surroundings, place)
            group.addTask {
                do {
                    guard try await surroundings.isWanted(pending, at: place) else {
                        return .ended(pending, .recorded)
                    }
                } catch {
                    return .ended(pending, .heldBack(for: .milliseconds(200)))
                }
                return .ended(pending, await Delivery(surroundings: surroundings, pending: pending).run())
            }
        }
    }

    private mutating func ring(since generation: UInt64, _ group: inout TaskGroup<News>) {
        guard !isRinging else { return }
        isRinging = true
        var limit = delivered.isEmpty ? Self.pollInterval : .milliseconds(50)
        if let rest = lanes.nextRest { limit = min(limit, max(rest - .now, .zero)) }
        group.addTask { [bell = surroundings.bells[place.partition], limit] in
            await bell.wait(since: generation, atMost: limit)
            return .rang
        }
    }

    private mutating func take(_ end: Delivery<P>.End, of pending: PendingEffect) async {
        var pending = pending
        switch end {
        case .delivered:
            delivered.append(pending.effect)
            lanes.end(pending)
        case .recorded: lanes.end(pending)
        case .heldBack(let time): await rest(pending, for: time)
        case .failed(let problem):
            pending.attempts += 1
            let pause = surroundings.pause(after: pending)
            await rest(pending, for: pause)
            await surroundings.note(problem, on: pending, at: place, nextTry: pause)
        case .parked(let problem, let isRefused):
            lanes.end(pending)
            await surroundings.park(pending, at: place, because: problem, isRefused: isRefused)
        }
    }

    /// The bell that rings already may ring too late for it.
    private mutating func rest(_ pending: PendingEffect, for time: Duration) async {
        lanes.rest(pending, until: .now + time)
        await surroundings.bells[place.partition].wake()
    }
}
