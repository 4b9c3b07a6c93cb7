import MartletPostgres

/// A partition's effects that go to one provider, or that do not go to one: read, kept and delivered apart from the
/// others, so that a provider which is away holds up nothing else.
struct Feed: Sendable {
    /// Nil is for commands, and for calls of providers that are not known.
    let provider: String?
    /// How many are delivered at once.
    let concurrency: Int
    var lanes = Lanes()
    /// Up to where all were read.
    private(set) var seen: Int64 = 0
    /// Whether the table has more than there was room for.
    private(set) var hasMore = false
    private static let pageSize = 500
    /// How many are kept in memory.
    private static let capacity = 2000
    static let largestConcurrency = 128

    init(_ gate: ProviderGate) {
        (provider, concurrency) = (gate.name, min(gate.policy.concurrency, Self.largestConcurrency))
    }

    init() { (provider, concurrency) = (nil, Self.largestConcurrency) }

    /// How many are to be read next.
    var room: Int { max(0, min(Self.pageSize, Self.capacity - lanes.count)) }

    /// Whether it is worth it to read on what there was no room for.
    var wantsMore: Bool { hasMore && room == Self.pageSize }

    /// Those that are to be delivered now.
    mutating func takeNext() -> [PendingEffect] { lanes.take(concurrency - lanes.running, at: .now) }

    mutating func take(_ pending: PendingEffect, isAnswered: Bool) {
        seen = max(seen, pending.effect)
        if !isAnswered { lanes.add(pending) }
    }

    /// - Parameters:
    ///   - count: how many were found, of as many as there was `room` for.
    ///   - newest: up to where the table was looked at, since effects are numbered in the order of their commits.
    mutating func wasRead(_ count: Int, of room: Int, upTo newest: Int64) {
        hasMore = count >= room
        if !hasMore { seen = max(seen, newest) }
    }

    /// Which rows are its own.
    func filter(providers: [String]) -> SQL {
        guard let provider else { return "(e.kind <> 'call' OR e.target <> ALL (\(providers)))" }
        return "e.kind = 'call' AND e.target = \(provider)"
    }
}
