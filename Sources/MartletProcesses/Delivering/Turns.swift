/// Who may be in a place that has room for a few, and who waits: first come, first served. A value without a task of its
/// own.
struct Turns: Sendable {
    typealias Ticket = UInt64

    enum Answer: Hashable, Sendable {
        case go
        case wait(Ticket)
        /// Whoever is inside was given up and does not leave, so nobody can say when it will be one's turn.
        case blocked
    }

    let limit: Int
    /// How many are inside.
    private(set) var taken = 0
    /// Of those: whom nobody waits for any more.
    private var abandoned = 0
    private var waiting: [Ticket] = []
    private var lastTicket: Ticket = 0

    init(limit: Int) { self.limit = limit }

    mutating func enter() -> Answer {
        if taken < limit {
            taken += 1
            return .go
        }
        guard abandoned < limit else { return .blocked }
        lastTicket += 1
        waiting.append(lastTicket)
        return .wait(lastTicket)
    }

    /// - Returns: whose turn it is now.
    mutating func leave(isAbandoned: Bool = false) -> Ticket? {
        if isAbandoned { abandoned -= 1 }
        guard !waiting.isEmpty else {
            taken -= 1
            return nil
        }
        return waiting.removeFirst()
    }

    /// One that is inside keeps its place, and nobody waits for it any more.
    /// - Returns: those who wait in vain now.
    mutating func abandon() -> [Ticket] {
        abandoned += 1
        guard abandoned >= limit else { return [] }
        defer { waiting = [] }
        return waiting
    }

    /// Forgets one who waits; false when its turn has come already.
    mutating func giveUp(_ ticket: Ticket) -> Bool {
        guard let index = waiting.firstIndex(of: ticket) else { return false }
        waiting.remove(at: index)
        return true
    }
}
