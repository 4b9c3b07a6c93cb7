import FoundationEssentials
public import MartletDomain
import MartletEventStore
import MartletJSON

/// What can come in to a process manager, as an enum with a case for each kind, so that a `switch` over it which forgets
/// one does not compile.
///
/// ```swift
/// enum Input: ProcessInput {
///     case order(Recorded<Order>)
///     case stockRefused(Refusal<Stock>)
///     case payment(Answer<PaymentProvider>)
///     case due(Due)
///
///     static let sources: [InputSource<Self>] = [
///         .events(Self.order, starting: { $0.event.isPlaced }),
///         .refusals(Self.stockRefused), .answers(Self.payment), .timers(Self.due),
///     ]
/// }
/// ```
public protocol ProcessInput: Sendable {
    /// Where the inputs come from. It also says which aggregates the process sends commands to and which providers it
    /// calls: those whose refusals or answers it takes. Write it as `static let`.
    static var sources: [InputSource<Self>] { get }
}

/// One kind of what can come in to a process manager.
public struct InputSource<Input: Sendable>: Sendable {
    package enum Kind: Sendable {
        case events(EventRoute<Input>)
        case refusals(CommandTarget<Input>)
        case answers(ProviderUse<Input>)
        case timers(@Sendable (Due) -> Input)
    }

    package let kind: Kind

    /// Events of an aggregate.
    /// - Parameters:
    ///   - instance: the key of the instance that an event belongs to; nil when it belongs to none. Without it that is
    ///     the stream's key, and then an event that cannot be read parks its instance; else nobody can tell whose it is,
    ///     and the process manager stops before it.
    ///   - isStart: whether the event starts the instance, where there is none yet. All others are for instances that
    ///     are there.
    public static func events<A: Aggregate>(
        _ wrap: @escaping @Sendable (Recorded<A>) -> Input,
        of instance: (@Sendable (Recorded<A>) -> String?)? = nil,
        starting isStart: @escaping @Sendable (Recorded<A>) -> Bool = { _ in false }
    ) -> InputSource {
        let key = instance ?? { $0.stream.key }
        return InputSource(
            kind: .events(
                EventRoute(
                    category: A.category, isKeyedByStream: instance == nil,
                    source: .events { (recorded: Recorded<A>) in
                        CorrelatedInput(input: wrap(recorded), instance: key(recorded), isStart: isStart(recorded))
                    })))
    }

    /// Commands to an aggregate, which may refuse them.
    public static func refusals<A: Aggregate>(
        _ wrap: @escaping @Sendable (Refusal<A>) -> Input
    ) -> InputSource where A.Command: Codable, A.Rejection: Codable {
        InputSource(kind: .refusals(CommandTarget(A.self, wrap)))
    }

    /// Commands to an aggregate that never refuses one.
    public static func commands<A: Aggregate>(to _: A.Type) -> InputSource
    where A.Command: Codable, A.Rejection == Never {
        InputSource(kind: .refusals(CommandTarget(A.self, nil)))
    }

    /// Calls of a provider, which answers or does not.
    public static func answers<P: ActivityProvider>(
        _ wrap: @escaping @Sendable (Answer<P>) -> Input
    ) -> InputSource {
        InputSource(kind: .answers(ProviderUse(P.self, wrap)))
    }

    /// Timers that are due.
    public static func timers(_ wrap: @escaping @Sendable (Due) -> Input) -> InputSource {
        InputSource(kind: .timers(wrap))
    }
}

/// How the events of one category come to a process.
package struct EventRoute<Input: Sendable>: Sendable {
    package let category: String
    /// Whether an event is for the instance of its stream's key.
    package let isKeyedByStream: Bool
    package let source: EventSource<CorrelatedInput<Input>>
}

extension InputSource {
    /// The aggregate whose events go to the instance of their stream's key; nil when this is none.
    var categoryKeyedByStream: String? {
        if case .events(let route) = kind, route.isKeyedByStream { route.category } else { nil }
    }
}

/// An event as an input, and which instance it is for.
package struct CorrelatedInput<Input: Sendable>: Sendable {
    package let input: Input
    package let instance: String?
    package let isStart: Bool
}

/// An aggregate that a process sends commands to.
package struct CommandTarget<Input: Sendable>: Sendable {
    package let category: String
    /// The refusal of a command, from what the journal has of it; nil where the aggregate refuses none.
    package let refusal: (@Sendable (StepPlace, [UInt8]) throws -> Input)?
    package let deliver: @Sendable (EventStore, CommandDelivery) async throws -> CommandDelivery.Outcome
}

/// A provider that a process calls.
package struct ProviderUse<Input: Sendable>: Sendable {
    package let name: String
    package let answer: @Sendable (StepPlace, AnswerRecord) throws -> Input
}

/// Which effect something came back from: its step's name, and what it was sent to; and when.
package struct StepPlace: Hashable, Sendable {
    package let step: Step
    /// The stream's name, or the provider's.
    package let target: String
    /// When what came back was recorded.
    package let at: Date
}

/// What a call came to, as the journal has it.
package enum AnswerRecord: Hashable, Sendable {
    case answered([UInt8])
    case failed(problem: String)
}
