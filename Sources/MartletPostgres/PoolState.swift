/// Who has which connection and who waits, as plain data: no socket, no clock.
///
/// A caller that may open a connection holds a slot; it gives the slot back as a connection, or empty when it failed.
struct PoolState<Lease: Sendable> {
    /// What a caller is given.
    enum Grant: Sendable {
        case lease(Lease)
        /// Room to open a connection.
        case slot
    }

    typealias Ticket = UInt64

    let size: Int
    private(set) var idle: [Lease] = []
    /// Connections leased or idle, and slots.
    private(set) var taken = 0
    /// In order of arrival. Short: every entry is a suspended task.
    private(set) var waiting: [Ticket] = []
    /// How many openings in a row have failed.
    private(set) var failures = 0
    private var lastTicket: Ticket = 0

    init(size: Int) {
        self.size = size
    }

    /// A grant now, or nil: then ``wait()``. Nobody overtakes a caller who waits.
    mutating func request() -> Grant? {
        guard waiting.isEmpty else { return nil }
        if let lease = idle.popLast() { return .lease(lease) }
        guard taken < size else { return nil }
        taken += 1
        return .slot
    }

    mutating func wait() -> Ticket {
        lastTicket += 1
        waiting.append(lastTicket)
        return lastTicket
    }

    /// Forgets a waiter who gave up; false when it has been served already.
    mutating func giveUp(_ ticket: Ticket) -> Bool {
        guard let index = waiting.firstIndex(of: ticket) else { return false }
        waiting.remove(at: index)
        return true
    }

    mutating func opened() { failures = 0 }

    mutating func openingFailed() { failures += 1 }

    /// Takes a usable connection back: the first waiter gets it, else it idles.
    mutating func giveBack(_ lease: Lease) -> (Ticket, Grant)? {
        guard !waiting.isEmpty else {
            idle.append(lease)
            return nil
        }
        return (waiting.removeFirst(), .lease(lease))
    }

    /// A connection or slot is gone: the first waiter may open one in its place.
    mutating func discard() -> (Ticket, Grant)? {
        guard !waiting.isEmpty else {
            taken -= 1
            return nil
        }
        return (waiting.removeFirst(), .slot)
    }
}
