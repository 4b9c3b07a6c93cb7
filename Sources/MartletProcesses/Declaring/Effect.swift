public import FoundationEssentials
public import MartletDomain
import MartletJSON

/// Something that a process manager wants done, once its reaction is committed.
public struct Effect: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        case issue(Outgoing)
        case startTimer(TimerName, TimerDue)
        case cancelTimer(TimerName)
        case leaveDone(Step)
        case prepareUndo
        case complete
        case compensate(reason: String)
    }

    package let action: Action
    /// What undoes it, when the instance is compensated.
    package let undo: Outgoing?

    package init(_ action: Action, undo: Outgoing? = nil) {
        (self.action, self.undo) = (action, undo)
    }

    /// Sends a command to an aggregate; what it refuses comes back as an input.
    ///
    /// It takes effect once, whatever happens on the way. Commands of one instance to one aggregate arrive in their
    /// order. The store tells a repeated command by its bytes, so one with a `Set`, which is encoded in another order by
    /// each process, may be parked after it has arrived.
    /// - Parameter undo: a command or a call that undoes it when the instance is compensated, unless the aggregate has
    ///   refused the command.
    public static func send<A: Aggregate>(
        _ command: A.Command, to aggregate: StreamID<A>, as step: Step, undo: Effect? = nil
    ) -> Effect where A.Command: Codable {
        Effect(
            .issue(Outgoing(.command, to: aggregate.description, as: step, command)), undo: undo?.outgoing)
    }

    /// Calls a provider, outside any transaction; its answer comes back as an input, and so does that none came.
    ///
    /// The provider may be called several times, always with the same key.
    /// - Parameter undo: a command or a call that undoes it when the instance is compensated, whatever the answer was,
    ///   or none; see ``leaveDone(_:)``.
    public static func call<P: ActivityProvider>(
        _: P.Type, _ request: P.Request, as step: Step, undo: Effect? = nil
    ) -> Effect {
        Effect(.issue(Outgoing(.call, to: P.name, as: step, request)), undo: undo?.outgoing)
    }

    /// Starts a timer, by the database's clock; one of this name that runs is started anew.
    public static func startTimer(_ timer: TimerName, after delay: Duration) -> Effect {
        Effect(.startTimer(timer, .after(max(delay, .zero))))
    }

    /// Starts a timer that is due at a moment of the database's clock, which may be past.
    public static func startTimer(_ timer: TimerName, at moment: Date) -> Effect {
        Effect(.startTimer(timer, .at(moment)))
    }

    /// Ends a timer before it is due; nothing where none of this name runs. Once it is ended its ``Due`` does not come in
    /// any more, however close they were.
    public static func cancelTimer(_ timer: TimerName) -> Effect { Effect(.cancelTimer(timer)) }

    /// Something to be done if the instance is compensated, that undoes nothing the process itself has done.
    public static func onCompensation(_ undo: Effect) -> Effect {
        Effect(.prepareUndo, undo: undo.outgoing)
    }

    /// Takes what undoes this step off the list: it has had no effect, or what it did is to stay.
    public static func leaveDone(_ step: Step) -> Effect { Effect(.leaveDone(step)) }

    /// Ends the instance, well. Its timers end with it, and nothing comes in any more; what was sent arrives.
    public static let complete = Effect(.complete)

    /// Undoes what was done, backwards and one after the other, and so ends the instance. Its timers and unanswered
    /// calls end at once.
    public static func compensate(because reason: String) -> Effect { Effect(.compensate(reason: reason)) }

    private var outgoing: Outgoing {
        guard case .issue(let outgoing) = action, undo == nil else {
            preconditionFailure("expected a command or a call without an undo of its own as what undoes a step")
        }
        return outgoing
    }
}

/// When a timer is due.
package enum TimerDue: Hashable, Sendable {
    case after(Duration)
    case at(Date)
}

/// A command or a call on its way out.
package struct Outgoing: Hashable, Codable, Sendable {
    package enum Kind: String, Codable, Sendable {
        case command = "command"
        case call = "call"
    }

    package let kind: Kind
    /// The stream's name, or the provider's.
    package let target: String
    package let step: Step
    /// JSON: the command, or what is asked of the provider.
    package let body: String
    /// Why it cannot be sent; nil when it can.
    package let flaw: String?

    init(_ kind: Kind, to target: String, as step: Step, _ content: some Encodable) {
        (self.kind, self.target, self.step) = (kind, target, step)
        do {
            body = String(decoding: try PayloadEncoder().encode(content), as: UTF8.self)
            flaw = nil
        } catch {
            (body, flaw) = ("null", "\(error)")
        }
    }
}
