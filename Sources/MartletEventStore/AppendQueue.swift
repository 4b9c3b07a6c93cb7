import MartletDomain

/// The appends that wait for the next batch, in order of arrival, as plain data.
///
/// A batch names each stream once, because the append function checks every request against what is committed: a second
/// append to a stream stays in the queue, and so does everything behind it for that stream.
struct AppendQueue<Waiter> {
    struct Limits: Sendable {
        /// Beyond this many events a batch gains nothing (the commit is paid for) and keeps others waiting.
        var events = 1000
        /// Of payloads and metadata.
        var bytes = 1 << 20
    }

    typealias Entry = (request: AppendRequest, waiter: Waiter)

    let limits: Limits
    private var entries: [Entry] = []

    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    var isEmpty: Bool { entries.isEmpty }

    mutating func add(_ request: AppendRequest, _ waiter: Waiter) {
        entries.append((request, waiter))
    }

    /// Takes the next batch out: at least one request, however large it is.
    mutating func takeBatch() -> [Entry] {
        var (batch, rest): ([Entry], [Entry]) = ([], [])
        var streams: Set<StreamName> = []
        var (events, bytes) = (0, 0)
        for (index, entry) in entries.enumerated() {
            guard streams.insert(entry.request.stream).inserted else {
                rest.append(entry)
                continue
            }
            events += entry.request.events.count
            bytes += entry.request.byteCount
            guard batch.isEmpty || (events <= limits.events && bytes <= limits.bytes) else {
                rest += entries[index...]
                break
            }
            batch.append(entry)
        }
        entries = rest
        return batch
    }
}
