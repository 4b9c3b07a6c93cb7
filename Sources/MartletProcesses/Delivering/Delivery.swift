import MartletDomain
import MartletEventStore
import MartletJSON
import MartletPostgres
import MartletProjections

/// What has become of a try to deliver an effect.
enum DeliveryEnd: Sendable {
    /// It has arrived, and nobody waits to hear of it.
    case delivered
    /// The effect is ended by the reaction to what is in the journal, or waits for an operator, or was withdrawn.
    case over
    /// It is to be tried again.
    case putOff(PendingEffect, until: ContinuousClock.Instant)
    /// The process has cut it short, since it is to do no more.
    case cut
}

/// One try to deliver an effect: send the command or make the call, and record in the instance's journal what came back.
struct Delivery<P: ProcessManager>: Sendable {
    let surroundings: ProcessSurroundings<P>
    let partition: AttendedPartition
    let pending: PendingEffect

    enum Outcome: Sendable {
        case delivered
        /// What came back is in the journal.
        case recorded
        case withdrawn
        case failed(String)
        /// An operator has to look at it.
        case parked(String, isRefused: Bool)
        /// It was not tried.
        case heldBack(for: Duration)
        case cut
    }

    func run() async -> DeliveryEnd {
        var next = pending
        next.wasPutOff = true
        switch await outcome() {
        case .delivered: return .delivered
        case .recorded, .withdrawn: return .over
        case .cut: return .cut
        case .heldBack(let time): return .putOff(next, until: .now + time)
        case .failed where Task.isCancelled: return .cut
        case .failed(let problem):
            (next.attempts, next.unfinished) = (pending.attempts + 1, 0)
            let pause = surroundings.pause(after: next)
            let moment = ContinuousClock.now + pause
            await surroundings.note(problem, on: next, at: partition, nextTry: pause)
            return .putOff(next, until: moment)
        case .parked(let problem, let isRefused):
            await surroundings.park(pending, at: partition, because: problem, isRefused: isRefused)
            return .over
        }
    }

    private func outcome() async -> Outcome {
        do {
            if let end = try await endBeforeUndoing() { return end }
            guard pending.unfinished > 0 else { return try await deliver() }
            let left = surroundings.unfinishedLimit(of: pending) - pending.unfinished
            guard left > 0 else {
                return try await giveUp("the process has ended in each of \(pending.unfinished) tries")
            }
            // One after the other, so that it can be told which of them ends the process.
            return try await suspects.inside(atMost: left > 1 ? Self.suspectLead : nil) { try await deliver() }
        } catch let error where error.mayPass {
            return .failed(String(problem: error))
        } catch {
            return .parked(String(problem: error), isRefused: false)
        }
    }

    private var suspects: Turnstile {
        pending.kind == .command ? surroundings.suspects.commands : surroundings.suspects.calls
    }

    /// How long a try that may end the process is alone, unless it is the last one: what does so does it soon as a rule, and
    /// a provider that keeps silent must not hold up all the others.
    private static var suspectLead: Duration { .milliseconds(100) }

    private func deliver() async throws -> Outcome {
        switch pending.kind {
        case .command: try await send()
        case .call: try await call()
        }
    }

    var id: CommandID { pending.id(in: P.name) }

    /// Tells the process where it waits for an answer, else an operator.
    func giveUp(_ problem: String) async throws -> Outcome {
        guard pending.kind == .call, !pending.isUndo else { return .parked(problem, isRefused: false) }
        return try await record(.failed(pending.reference, problem: problem))
    }

    func tell(_ problem: String) {
        surroundings.incidents.tell(
            ProjectionIncident(kind: .heldBack, of: .process, projection: P.name, problem: problem))
    }

    /// Before what cannot be written down now is tried again.
    static var databasePause: Duration { .milliseconds(200) }

    /// Whatever another process has recorded for the same effect stands.
    func record(_ event: JournalEvent) async throws -> Outcome {
        let metadata = try PayloadDecoder().decode(Metadata.self, from: pending.metadata)
        try await surroundings.record(
            event, on: Journal<P>.ID(pending.instance), as: CommandID("\(id)/end"), metadata)
        return .recorded
    }
}
