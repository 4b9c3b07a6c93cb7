import Martlet

/// What an aggregate answers to a command.
enum Decision<A: Aggregate> {
    case events([A.Event])
    case rejected(A.Rejection)

    init(of state: A, on command: A.Command) {
        do throws(A.Rejection) { self = .events(try state.decide(command)) } catch { self = .rejected(error) }
    }

    func isSame(as other: Decision) -> Bool {
        switch (self, other) {
        case (.events(let own), .events(let others)):
            own.count == others.count && zip(own, others).allSatisfy { MartletTesting.isSame($0, $1, of: A.self) }
        case (.rejected(let own), .rejected(let others)):
            areEqual(own, others) ?? ("\(own)" == "\(others)")
        case (.events, .rejected), (.rejected, .events): false
        }
    }

    /// One line for each event.
    var indented: String {
        switch self {
        case .events(let events) where events.isEmpty: "  no event"
        case .events(let events): events.map { "  \($0)" }.joined(separator: "\n")
        case .rejected(let rejection): "  the rejection \(rejection)"
        }
    }
}

/// Whether two events are equal; where their type cannot tell, whether the log would keep the same of both.
func isSame<A: Aggregate>(_ one: A.Event, _ other: A.Event, of _: A.Type) -> Bool {
    if let areEqual = areEqual(one, other) { return areEqual }
    do throws(EventStoreError) { return try StoredForm<A>(of: one) == StoredForm<A>(of: other) } catch { return false }
}

/// Nil when the type is not `Equatable`.
func areEqual<Value>(_ one: Value, _ other: Value) -> Bool? {
    func opened<Known: Equatable>(_ known: Known) -> Bool { known == other as? Known }
    return (one as? any Equatable).map { opened($0) }
}
