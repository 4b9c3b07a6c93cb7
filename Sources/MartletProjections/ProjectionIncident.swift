#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Something about a projection or a process manager that an operator should know.
public struct ProjectionIncident: Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// An event was parked, and its key waits behind it.
        case parked
        /// A process manager's command or call was given up, and waits for an operator.
        case parkedStep
        /// The projection or the process manager has stopped and waits for an operator.
        case stopped
        /// A provider that a process manager calls has failed so often that its calls wait for now; they go on by
        /// themselves.
        case heldBack
        /// A consumer has given a message up: it is among the dead letters.
        case gaveUp
        /// A consumer has gone on although messages are missing that the log does not have any more.
        case passedHole
        /// What a consumer depends on is away: its messages wait, and go on by themselves.
        case waitsForDependency
        /// A streaming log, an inbox or an event store works, but grows: what should be dropped, compacted or forgotten in
        /// it is not. It is tried again and again.
        case keptNoOrder
        /// A consumer's dead letters do not get to their topic; they are kept, and it is tried again and again.
        case keptLetters
    }

    /// What follows the log, or what keeps things: a log, an inbox, an event store.
    public enum Follower: String, Sendable {
        case projection = "projection"
        case process = "process"
        case publication = "publication"
        case consumer = "consumer"
        case log = "log"
        case inbox = "inbox"
        case store = "event store"
    }

    public let kind: Kind
    public let follower: Follower
    /// The projection's name, the process manager's, or that of what it is otherwise about.
    public let projection: String
    public let problem: String

    package init(kind: Kind, of follower: Follower, projection: String, problem: String) {
        (self.kind, self.follower, self.projection, self.problem) = (kind, follower, projection, problem)
    }

    /// On one line.
    public var description: String {
        let what =
            switch kind {
            case .parked: follower == .consumer ? "parked a message" : "parked an event"
            case .parkedStep: "parked a step"
            case .stopped: "has stopped"
            case .heldBack: "holds calls back"
            case .gaveUp: "gave a message up"
            case .passedHole: "passed a hole"
            case .waitsForDependency: "waits for what it depends on"
            case .keptNoOrder: "keeps what should have gone"
            case .keptLetters: "does not get its dead letters to their topic"
            }
        let problem = problem.split(whereSeparator: \.isNewline).joined(separator: " ")
        return "\(follower.rawValue) \"\(projection)\" \(what): \(problem)"
    }
}

/// Who is told of incidents.
public struct IncidentReport: Sendable {
    package let tell: @Sendable (ProjectionIncident) -> Void

    public init(_ tell: @escaping @Sendable (ProjectionIncident) -> Void) {
        self.tell = tell
    }

    /// A line each on standard error.
    public static let standardError = IncidentReport { incident in
        let line = Array("martlet: \(incident)\n".utf8)
        _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
