import Martlet

/// What the measures run: placed, reserve stock, authorise, ship, capture, completed, with a deadline on each step and
/// what undoes it; nine events, eight effects, six reactions.
struct Fulfilment: ProcessManager {
    static let name = "fulfilment"
    /// On two cores eight have as many fulfilments in the end, each of which takes twice as long.
    static let partitions = 4
    static let begins = ProcessBeginning.atFirstEvent

    enum Input: ProcessInput {
        case order(Recorded<Order>)
        case stock(Recorded<Stock>)
        case refused(Refusal<Stock>)
        case paid(Answer<Till>)
        case shipped(Answer<Carrier>)
        case due(Due)

        static let sources: [InputSource<Self>] = [
            .events(Self.order, starting: { if case .placed = $0.event { true } else { false } }),
            .events(Self.stock, of: { $0.event.order }),
            .refusals(Self.refused), .answers(Self.paid), .answers(Self.shipped), .timers(Self.due),
            .commands(to: Order.self), .commands(to: Payment.self), .commands(to: Shipment.self),
        ]
    }

    private(set) var phase = "placed"
    private var order = ""
    private var cents = 0

    /// The article of orders that wait for a month: instances asleep.
    static let later = "later"

    mutating func react(to input: Input) -> [Effect] {
        switch input {
        case .order(let recorded): return react(to: recorded)
        case .stock: return enter("authorising") + [authorisation]
        case .paid(let answer): return react(to: answer)
        case .shipped(let answer):
            guard case .answered(.booked(let tracking)) = answer.outcome else { return giveUp }
            return enter("capturing") + [
                .send(.recordBooking(tracking: tracking), to: Shipment.ID(order), as: "record booking"),
                .call(Till.self, .capture(order: order), as: "capture"),
            ]
        case .refused, .due: return giveUp
        }
    }

    private mutating func react(to recorded: Recorded<Order>) -> [Effect] {
        guard case .placed(let article, let cents) = recorded.event else { return [.complete] }
        (order, self.cents) = (recorded.stream.key, cents)
        guard article != Self.later else { return [.startTimer("later", after: .seconds(30 * 86_400))] }
        phase = "reserving"
        return [
            .send(
                .reserve(order: order), to: Stock.ID(article), as: "reserve",
                undo: .send(.release(order: order), to: Stock.ID(article), as: "release")),
            deadline,
        ]
    }

    private mutating func react(to answer: Answer<Till>) -> [Effect] {
        switch answer.outcome {
        case .answered(.authorised):
            return enter("shipping") + [
                .send(.recordAuthorisation(cents: cents), to: Payment.ID(order), as: "record authorisation"),
                .call(
                    Carrier.self, .book(order: order), as: "ship",
                    undo: .call(Carrier.self, .cancel(order: order), as: "cancel shipment")),
            ]
        case .answered(.captured):
            return enter("completing") + [
                .send(.recordCapture, to: Payment.ID(order), as: "record capture"),
                .send(.complete, to: Order.ID(order), as: "complete"),
            ]
        case .answered(.voided), .failed: return giveUp
        }
    }

    private var authorisation: Effect {
        .call(
            Till.self, .authorise(order: order, cents: cents), as: "authorise",
            undo: .call(Till.self, .void(order: order), as: "void"))
    }

    private var deadline: Effect { .startTimer("deadline", after: .seconds(600)) }

    private var giveUp: [Effect] { [.compensate(because: "given up while \(phase)")] }

    /// Each step has a deadline of its own.
    private mutating func enter(_ phase: String) -> [Effect] {
        self.phase = phase
        return [.cancelTimer("deadline"), deadline]
    }
}

extension Stock.Event {
    fileprivate var order: String {
        switch self {
        case .reserved(let order), .released(let order): order
        }
    }
}
