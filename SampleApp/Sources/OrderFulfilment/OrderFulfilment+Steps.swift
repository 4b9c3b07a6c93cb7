import FoundationEssentials
import Martlet
import OrderDomain
import OrderProviders

/// The steps, and what follows from the providers' answers.
extension OrderFulfilment {
    private static var deadline: TimerName { "deadline" }
    /// For each step; that a provider does not answer is found out long before.
    private static var limit: Duration { .seconds(1800) }

    mutating func reserve() -> [Effect] {
        (stage, missing) = (.reserving, demands.count)
        let reservations = demands.map { demand in
            Effect.send(
                .reserve(order: order, quantity: demand.quantity), to: demand.article, as: "reserve",
                undo: .send(.release(order: order), to: demand.article, as: "release"))
        }
        return reservations + [.startTimer(Self.deadline, after: Self.limit)]
    }

    mutating func authorise() -> [Effect] {
        stage = .authorising
        return [
            .call(
                PaymentSimulator.self, .authorise(order: order, cents: cents), as: "authorise",
                undo: .call(PaymentSimulator.self, .void(order: order), as: "void")),
            .startTimer(Self.deadline, after: Self.limit),
        ]
    }

    mutating func react(to answer: Answer<PaymentSimulator>) throws -> [Effect] {
        switch (stage, answer.outcome) {
        case (.authorising, .answered(.authorised)):
            isAuthorised = true
            return [record(.recordAuthorisation(cents: cents, at: answer.at))] + book()
        case (.authorising, .answered(.declined(let reason))):
            // Nothing was set aside, so there is nothing to let go of.
            return [
                .leaveDone("authorise"), record(.recordDecline(reason: reason, at: answer.at)),
                .compensate(because: "the payment was declined: \(reason)"),
            ]
        case (.capturing, .answered(.captured)):
            isCaptured = true
            return [record(.recordCapture(at: answer.at))] + complete(at: answer.at)
        case (.authorising, .failed(let problem)), (.capturing, .failed(let problem)):
            return [.compensate(because: "no answer to \(answer.step): \(problem)")]
        case (.authorising, .answered(.refused(let reason))), (.capturing, .answered(.refused(let reason))):
            return [.compensate(because: "\(answer.step) was refused: \(reason)")]
        default: throw OutOfPlace("\(answer.step) of order \(order): \(answer.outcome)")
        }
    }

    private mutating func book() -> [Effect] {
        stage = .booking
        return [
            .call(
                ShippingSimulator.self, .book(order: order), as: "book",
                undo: .call(ShippingSimulator.self, .cancel(order: order), as: "cancelParcel")),
            .startTimer(Self.deadline, after: Self.limit),
        ]
    }

    mutating func react(to answer: Answer<ShippingSimulator>) throws -> [Effect] {
        switch (stage, answer.outcome) {
        case (.booking, .answered(.booked(let tracking))):
            isBooked = true
            return [record(.recordBooking(tracking: tracking, at: answer.at))] + capture()
        case (.booking, .answered(.undeliverable(let reason))):
            return [
                .leaveDone("book"), record(.recordFailure(reason: reason, at: answer.at)),
                .compensate(because: "it cannot be delivered: \(reason)"),
            ]
        case (.booking, .failed(let problem)):
            return [.compensate(because: "no answer to \(answer.step): \(problem)")]
        case (.booking, .answered(.refused(let reason))):
            return [.compensate(because: "\(answer.step) was refused: \(reason)")]
        default: throw OutOfPlace("\(answer.step) of order \(order): \(answer.outcome)")
        }
    }

    private mutating func capture() -> [Effect] {
        stage = .capturing
        return [
            .call(
                PaymentSimulator.self, .capture(order: order, cents: cents), as: "capture",
                undo: .call(PaymentSimulator.self, .refund(order: order, cents: cents), as: "refund")),
            .startTimer(Self.deadline, after: Self.limit),
        ]
    }

    /// From here on nothing is taken back.
    private mutating func complete(at moment: Date) -> [Effect] {
        stage = .completing
        let dispatches = demands.map { demand in
            Effect.send(.dispatch(order: order), to: demand.article, as: "dispatch")
        }
        return [.cancelTimer(Self.deadline)] + dispatches + [
            record(.recordDispatch(at: moment)),
            .send(.complete(at: moment), to: Order.ID(order), as: "complete"),
        ]
    }

    func record(_ command: Payment.Command) -> Effect { .send(command, to: Payment.ID(order), as: "recordPayment") }

    func record(_ command: Shipment.Command) -> Effect {
        .send(command, to: Shipment.ID(order), as: "recordShipment")
    }
}
