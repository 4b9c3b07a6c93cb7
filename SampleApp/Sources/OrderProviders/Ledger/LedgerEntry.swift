/// A request as the ledger keeps it.
protocol LedgerRequest: Codable, Hashable, Sendable {
    /// The order's id.
    var order: String { get }
    /// What is asked, as in `authorise`.
    var kind: String { get }
    /// Whether it begins something, rather than settle or take back what was begun.
    var asksForSomethingNew: Bool { get }
}

/// What a request came to.
struct LedgerEntry<Answer: Codable & Sendable>: Sendable {
    let kind: EntryKind
    /// What moved; nothing where no money did.
    let cents: Int
    let answer: Answer

    init(_ kind: EntryKind, cents: Int = 0, _ answer: Answer) {
        (self.kind, self.cents, self.answer) = (kind, cents, answer)
    }
}

/// Stored with every entry, so each name is written down.
enum EntryKind: String, Sendable {
    case authorised = "authorised"
    case declined = "declined"
    case captured = "captured"
    case voided = "voided"
    case refunded = "refunded"
    case booked = "booked"
    case undeliverable = "undeliverable"
    case cancelled = "cancelled"
    /// It could not be; nothing changed.
    case refused = "refused"
    /// It was so already, by another request; nothing changed.
    case unchanged = "unchanged"
}

/// The sums of a provider's entries about one order.
struct LedgerAccount: Sendable {
    private let cents: [EntryKind: Int]

    init(_ cents: [EntryKind: Int]) { self.cents = cents }

    /// Whether there is an entry of this kind, be it of nothing.
    func has(_ kind: EntryKind) -> Bool { cents[kind] != nil }

    /// Never negative.
    func total(_ kind: EntryKind) -> Int { max(0, cents[kind] ?? 0) }
}
