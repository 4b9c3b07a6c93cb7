/// The units that wait for the next batch, in order of arrival, as plain data.
///
/// A stream is in one batch at a time, because the append function checks every unit against what is committed: units
/// that share a stream, or a command's id, stand in line, and only the first of each of its lines is ready to go. So the
/// appends to one stream keep their order.
struct AppendQueue<Waiter: Sendable>: Sendable {
    struct Entry: Sendable {
        let unit: AppendUnit
        /// Nil where the caller sends the unit itself.
        let waiter: Waiter?
        let since: ContinuousClock.Instant
        let bytes: Int
        let keys: [AppendUnit.Key]
        let ticket: UInt64
    }

    private struct Line: Sendable {
        var holder: UInt64
        var others: ArraySlice<UInt64> = []
    }

    let limits: AppendLimits
    /// First in all of their lines.
    private var ready: [Entry] = []
    /// The others, with the number of lines in which somebody stands before them.
    private var blocked: [UInt64: (entry: Entry, behind: Int)] = [:]
    /// For each key who has it, and who wants it next.
    private var lines: [AppendUnit.Key: Line] = [:]
    private(set) var waitingBytes = 0

    init(limits: AppendLimits = AppendLimits()) {
        self.limits = limits
    }

    /// How many units nothing stands before.
    var readyCount: Int { ready.count }

    var count: Int { ready.count + blocked.count }
    var isFull: Bool { count >= limits.waiting || waitingBytes >= limits.waitingBytes }

    /// Takes a unit in under a ticket, larger than any before.
    mutating func add(_ unit: AppendUnit, _ waiter: Waiter?, ticket: UInt64, at now: ContinuousClock.Instant = .now) {
        let entry = Entry(
            unit: unit, waiter: waiter, since: now, bytes: unit.byteCount, keys: unit.keys, ticket: ticket)
        waitingBytes += entry.bytes
        var behind = 0
        for key in entry.keys {
            if lines[key] == nil {
                lines[key] = Line(holder: ticket)
            } else {
                lines[key]?.others.append(ticket)
                behind += 1
            }
        }
        if behind == 0 { ready.append(entry) } else { blocked[ticket] = (entry, behind) }
    }

    /// Takes the next batch out: at least one unit, however large it is, unless none is ready.
    mutating func takeBatch() -> [Entry] {
        var (events, bytes) = (0, 0)
        let end = ready.firstIndex { entry in
            events += entry.unit.eventCount
            bytes += entry.bytes
            return events > limits.batchEvents || bytes > limits.batchBytes
        }
        let batch = Array(ready.prefix(max(1, end ?? ready.count)))
        ready.removeFirst(batch.count)
        for entry in batch { waitingBytes -= entry.bytes }
        return batch
    }

    /// Lets those in line behind a batch move up, now that it has ended.
    mutating func finish(_ batch: [Entry]) {
        for entry in batch { leaveLines(entry) }
    }

    /// Takes a unit out that has not been sent.
    mutating func remove(ticket: UInt64) -> Entry? {
        let index = ready.firstIndex { $0.ticket == ticket }
        guard let entry = index.map({ ready.remove(at: $0) }) ?? blocked.removeValue(forKey: ticket)?.entry else {
            return nil
        }
        waitingBytes -= entry.bytes
        leaveLines(entry)
        return entry
    }

    /// Takes out what has waited since before an instant.
    mutating func removeAll(since instant: ContinuousClock.Instant) -> [Entry] {
        let late = (ready + blocked.values.map(\.entry)).filter { $0.since < instant }
        return late.compactMap { remove(ticket: $0.ticket) }
    }

    private mutating func leaveLines(_ entry: Entry) {
        for key in entry.keys {
            guard var line = lines[key] else { continue }
            guard line.holder == entry.ticket else {
                line.others.removeAll { $0 == entry.ticket }
                lines[key] = line
                continue
            }
            guard let next = line.others.popFirst() else {
                lines[key] = nil
                continue
            }
            lines[key] = Line(holder: next, others: line.others)
            moveUp(next)
        }
    }

    private mutating func moveUp(_ ticket: UInt64) {
        guard let (entry, behind) = blocked[ticket] else { return }
        if behind == 1 {
            blocked[ticket] = nil
            ready.append(entry)
        } else {
            blocked[ticket] = (entry, behind - 1)
        }
    }
}
