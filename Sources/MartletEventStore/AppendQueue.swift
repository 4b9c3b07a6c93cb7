import MartletDomain

/// The appends that wait for the next batch, in order of arrival, as plain data.
///
/// A stream is in one batch at a time, because the append function checks every request against what is committed: what
/// comes for a stream that is ready or under way waits behind it, and so the appends to one stream keep their order.
struct AppendQueue<Waiter> {
    struct Limits: Sendable {
        /// Beyond this many events a batch gains nothing (the commit is paid for) and keeps others waiting.
        var events = 1000
        /// Of payloads and metadata.
        var bytes = 1 << 20
    }

    typealias Entry = (request: AppendRequest, waiter: Waiter)

    let limits: Limits
    /// Of different streams.
    private var ready: [Entry] = []
    /// For each stream that is ready or under way, what waits behind.
    private var behind: [StreamName: ArraySlice<Entry>] = [:]

    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    mutating func add(_ request: AppendRequest, _ waiter: Waiter) {
        guard behind[request.stream] == nil else {
            behind[request.stream]?.append((request, waiter))
            return
        }
        behind[request.stream] = []
        ready.append((request, waiter))
    }

    /// Takes the next batch out: at least one request, however large it is, unless none is ready.
    mutating func takeBatch() -> [Entry] {
        var (events, bytes) = (0, 0)
        let end = ready.firstIndex { entry in
            events += entry.request.events.count
            bytes += entry.request.byteCount
            return events > limits.events || bytes > limits.bytes
        }
        let batch = ready.prefix(max(1, end ?? ready.count))
        ready.removeFirst(batch.count)
        return Array(batch)
    }

    /// Makes the next append to each of a batch's streams ready, now that the batch has ended.
    mutating func finish(_ batch: [Entry]) {
        for (request, _) in batch {
            if let next = behind[request.stream]?.popFirst() {
                ready.append(next)
            } else {
                behind[request.stream] = nil
            }
        }
    }
}
