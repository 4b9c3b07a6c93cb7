import FoundationEssentials
import MartletDomain

/// What comes in to an instance besides the events of aggregates: recorded in the log, on the instance's own stream,
/// before anything acts on it.
package enum JournalEvent: EventPayload, Hashable {
    /// A provider has answered a call.
    case answered(EffectReference, answer: String)
    /// A call was given up.
    case failed(EffectReference, problem: String)
    /// An aggregate has refused a command.
    case refused(EffectReference, rejection: String)
    /// A command that undoes a step was carried out.
    case delivered(EffectReference)
    case timerDue(timer: TimerName, number: Int, at: Date)
    /// An operator wants a parked effect tried again.
    case retried(EffectReference, by: String)
    /// An operator has decided that an effect is never to be had.
    case skipped(EffectReference, reason: String, by: String)
    /// An operator wants the instance undone.
    case compensationRequested(reason: String, by: String)

    /// Which effect it is about; nil when it is about none.
    var effect: EffectReference? {
        switch self {
        case .answered(let effect, _), .failed(let effect, _), .refused(let effect, _), .delivered(let effect),
            .retried(let effect, _), .skipped(let effect, _, _):
            effect
        case .timerDue, .compensationRequested: nil
        }
    }
}

/// Which of an instance's effects something came back from.
package struct EffectReference: Hashable, Codable, Sendable {
    /// Counts the instance's effects, from 1.
    package let number: Int
    /// Counts how often an operator has had it tried again, from 1.
    package let round: Int
    package let step: Step
    /// The stream's name, or the provider's.
    package let target: String

    package init(number: Int, round: Int, step: Step, target: String) {
        (self.number, self.round, self.step, self.target) = (number, round, step, target)
    }

    func place(at moment: Date) -> StepPlace { StepPlace(step: step, target: target, at: moment) }
}

/// The streams of a process manager's instances.
package struct Journal<P: ProcessManager>: Aggregate {
    package static var category: String { P.name }

    package init() {}

    /// Nothing is asked of a journal: it is only added to.
    package func decide(_: Never) -> [JournalEvent] {}

    package mutating func apply(_: JournalEvent) {}
}
