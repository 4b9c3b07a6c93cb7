#if canImport(Testing)
public import Martlet
import MartletJSON
public import Testing

/// An instance of a process manager and what has come in to it, for tests that say what it asks for.
///
/// ```swift
/// @Test func `a transfer is examined, and then delivered`() {
///     GivenProcess(Transfers.self, .on(ada, .sent(cents: 5_00, to: "bob")))
///         .then([.call(Examiner.self, .examine(cents: 5_00), as: "examine")])
///         .when(.answered(Examiner.self, .clear, to: "examine"))
///         .then([.send(.receive(cents: 5_00), to: bob, as: "deliver")])
///         .when(.refused(Account.self, .closed, of: "deliver"))
///         .then([.compensate(because: "closed")]).thenUndoes(["give back"])
/// }
/// ```
/// No database, and no time but what ``CameIn/after(_:)`` says: inputs move the instance by the code that does so in
/// production, and what they are goes through the form in which the log keeps it. Nothing is sent and no provider is
/// called. What differs is an issue at the line of the step that found it. Inputs that say nothing of their time come
/// in at 2026-01-01, midnight in UTC.
///
/// One story is of one instance. An answer or a refusal that the instance does not wait for is an issue, and so is an
/// event of another instance.
public struct GivenProcess<P: ProcessManager>: Sendable {
    var story = ProcessStory<P>()

    /// An instance to which all this has come in, in this order.
    public init(_: P.Type, _ inputs: CameIn..., sourceLocation: SourceLocation = #_sourceLocation) {
        take(inputs, sourceLocation)
    }

    /// More comes in.
    public func when(_ inputs: CameIn..., sourceLocation: SourceLocation = #_sourceLocation) -> GivenProcess {
        var later = self
        later.recordProblem(at: sourceLocation)
        later.take(inputs, sourceLocation)
        return later
    }

    /// The state of the process; nil while there is no instance.
    public var state: P? {
        guard let state = story.run.instance?.state else { return nil }
        do { return try PayloadDecoder().decode(P.self, from: state) } catch { return nil }
    }

    private mutating func take(_ inputs: [CameIn], _ sourceLocation: SourceLocation) {
        story.turnPage()
        for input in inputs {
            do { try story.take(input) } catch { record("\(error)", at: sourceLocation) }
        }
    }

    func recordProblem(at sourceLocation: SourceLocation) {
        if let problem = story.problem { record(problem, at: sourceLocation) }
    }
}

extension GivenProcess {
    /// Expects that the process has asked for just this, in this order, since the last step.
    ///
    /// Commands and requests are the same if they are encoded alike.
    @discardableResult
    public func then(_ expected: [Effect], sourceLocation: SourceLocation = #_sourceLocation) -> GivenProcess {
        recordProblem(at: sourceLocation)
        if story.problem == nil, expected != story.asked {
            recordDifference(expected.map(\.description), story.asked.map(\.description), at: sourceLocation)
        }
        return self
    }

    /// Expects that the process has asked for nothing since the last step.
    @discardableResult
    public func thenNothing(sourceLocation: SourceLocation = #_sourceLocation) -> GivenProcess {
        then([], sourceLocation: sourceLocation)
    }

    /// Expects the instance in this phase.
    @discardableResult
    public func thenPhase(_ expected: String, sourceLocation: SourceLocation = #_sourceLocation) -> GivenProcess {
        recordProblem(at: sourceLocation)
        let found = story.run.instance.map { "phase \"\($0.phase)\"" } ?? "no instance"
        if found != "phase \"\(expected)\"" {
            recordDifference(["phase \"\(expected)\""], [found], at: sourceLocation)
        }
        return self
    }

    /// Expects that the instance has ended in this way.
    @discardableResult
    public func thenEnds(
        _ expected: InstanceStatus, sourceLocation: SourceLocation = #_sourceLocation
    ) -> GivenProcess {
        recordProblem(at: sourceLocation)
        if story.run.instance?.status != expected { recordDifference([expected.told], [status], at: sourceLocation) }
        return self
    }

    /// Expects that the process cannot react.
    public func thenFails(sourceLocation: SourceLocation = #_sourceLocation) {
        guard story.problem == nil else { return }
        recordDifference(["an error"], story.asked.map(\.description), at: sourceLocation)
    }

    /// In a few words.
    var status: String { story.run.instance?.status.told ?? "no instance" }

    func recordDifference(_ expected: [String], _ found: [String], at sourceLocation: SourceLocation) {
        record("expected of \(P.self):\n\(expected.indented)\nfound:\n\(found.indented)", at: sourceLocation)
    }
}

extension InstanceStatus {
    var told: String {
        switch self {
        case .running: "it is running"
        case .compensating: "it is being compensated"
        case .completed: "it is completed"
        case .compensated: "it is compensated"
        }
    }
}

extension [String] {
    /// One line for each.
    fileprivate var indented: String { isEmpty ? "  no effect" : map { "  \($0)" }.joined(separator: "\n") }
}
#endif
