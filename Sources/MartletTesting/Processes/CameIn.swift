public import FoundationEssentials
public import Martlet
import MartletJSON

/// What comes in to an instance of a process manager, for tests of what it does then.
///
/// ```swift
/// .on(Account.ID("ada"), .sent(cents: 5_00, to: "bob"))
/// .answered(Examiner.self, .clear, to: "examine")
/// .refused(Account.self, .closed, of: "deliver")
/// .after(.seconds(30))
/// ```
public struct CameIn: Sendable {
    enum Kind: Sendable {
        case events(Happened)
        /// What a call came to; the answer is JSON.
        case outcome(provider: String, step: Step, Result<String, EncodingFlaw>, isAnswer: Bool)
        /// JSON: what the aggregate says.
        case refusal(category: String, step: Step, Result<String, EncodingFlaw>)
        case time(Duration)
        case skip(Step, reason: String)
        case compensation(reason: String)
    }

    /// Why the log cannot keep it.
    struct EncodingFlaw: Error {
        let problem: String
    }

    let kind: Kind

    /// Events of an aggregate.
    /// - Parameters:
    ///   - time: when they were recorded, if that is later than now; timers due until then come in before them.
    ///   - metadata: what they carry beside their payloads.
    public static func on<A: Aggregate>(
        _ id: StreamID<A>, _ events: A.Event..., at time: Date? = nil, metadata: Metadata = .none
    ) -> CameIn {
        CameIn(kind: .events(.on(id, events, at: time, metadata)))
    }

    /// A provider answers the call that was made as `step`.
    public static func answered<Provider: ActivityProvider>(
        _: Provider.Type, _ answer: Provider.Answer, to step: Step
    ) -> CameIn {
        CameIn(kind: .outcome(provider: Provider.name, step: step, encoded(answer), isAnswer: true))
    }

    /// The call that was made as `step` is given up: no answer has come.
    public static func failed<Provider: ActivityProvider>(
        _: Provider.Type, _ problem: String, to step: Step
    ) -> CameIn {
        CameIn(kind: .outcome(provider: Provider.name, step: step, .success(problem), isAnswer: false))
    }

    /// An aggregate refuses the command that was sent as `step`.
    public static func refused<A: Aggregate>(
        _: A.Type, _ rejection: A.Rejection, of step: Step
    ) -> CameIn where A.Rejection: Codable {
        CameIn(kind: .refusal(category: A.category, step: step, encoded(rejection)))
    }

    /// Time passes. The timers that are due meanwhile come in, in the order in which they are due.
    ///
    /// The clock stands still otherwise, unless events say when they were recorded.
    public static func after(_ duration: Duration) -> CameIn { CameIn(kind: .time(duration)) }

    /// An operator has decided that `step` is never to be had: it counts as failed, or, as an undo, as done.
    public static func skipped(_ step: Step, because reason: String = "never to be had") -> CameIn {
        CameIn(kind: .skip(step, reason: reason))
    }

    /// An operator wants the instance undone.
    public static func compensationRequested(because reason: String = "asked for") -> CameIn {
        CameIn(kind: .compensation(reason: reason))
    }

    private static func encoded(_ content: some Encodable) -> Result<String, EncodingFlaw> {
        do {
            return .success(String(decoding: try PayloadEncoder().encode(content), as: UTF8.self))
        } catch {
            return .failure(EncodingFlaw(problem: "the log cannot keep \(content): \(error)"))
        }
    }
}
