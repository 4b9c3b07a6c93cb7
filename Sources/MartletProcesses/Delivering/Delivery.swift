import MartletDomain
import MartletEventStore
import MartletJSON
import MartletPostgres

/// One try to deliver an effect: send the command or make the call, and record in the instance's journal what came back.
struct Delivery<P: ProcessManager>: Sendable {
    let surroundings: ProcessSurroundings<P>
    let pending: PendingEffect

    enum End: Sendable {
        /// It has arrived, and nobody waits to hear of it.
        case delivered
        /// What came back is in the journal; the reaction to it ends the effect.
        case recorded
        case failed(String)
        /// An operator has to look at it.
        case parked(String, isRefused: Bool)
        /// It was not tried.
        case heldBack(for: Duration)
    }

    func run() async -> End {
        do {
            return switch pending.kind {
            case .command: try await send()
            case .call: try await call()
            }
        } catch let error where error.mayPass {
            return .failed(String(problem: error))
        } catch {
            return .parked(String(problem: error), isRefused: false)
        }
    }

    private var id: CommandID { pending.id(in: P.name) }

    private func send() async throws -> End {
        let reference = pending.reference
        guard let stream = StreamName(reference.target),
            let target = surroundings.reactor.targets[stream.category]
        else {
            throw ProcessFlaw.unknownTarget(reference.target, of: P.name)
        }
        let metadata = try PayloadDecoder().decode(Metadata.self, from: pending.metadata)
        let delivery = CommandDelivery(stream: stream, body: pending.body, id: id, metadata: metadata)
        let outcome = try await surroundings.turns.take(reference.target) {
            try await target.deliver(surroundings.store, delivery)
        }
        switch outcome {
        case .accepted:
            guard pending.isUndo else { return .delivered }
            return try await record(.delivered(reference))
        case .refused(let rejection):
            let text = String(decoding: rejection, as: UTF8.self)
            guard !pending.isUndo else { return .parked("refused: \(text)", isRefused: true) }
            return try await record(.refused(reference, rejection: text))
        }
    }

    private func call() async throws -> End {
        let reference = pending.reference
        guard let gate = surroundings.gates[reference.target] else {
            throw ProcessFlaw.unknownProvider(reference.target, of: P.name)
        }
        let key = IdempotencyKey(rawValue: id.rawValue)
        switch await gate.call(pending.body, key: key, isUndo: pending.isUndo) {
        case .answered(let answer):
            return try await record(.answered(reference, answer: String(decoding: answer, as: UTF8.self)))
        case .notDone(let problem): return .parked(problem, isRefused: true)
        case .impossible(let problem): return .parked(problem, isRefused: false)
        case .heldBack(let time): return .heldBack(for: time)
        case .failed(let problem):
            // A cancelled task's call was cut by this process, not by the provider.
            try Task.checkCancellation()
            guard pending.attempts + 1 >= gate.policy.attempts else { return .failed(problem) }
            guard !pending.isUndo else { return .parked(problem, isRefused: false) }
            return try await record(.failed(reference, problem: problem))
        }
    }

    /// Whatever another process has recorded for the same effect stands.
    private func record(_ event: JournalEvent) async throws -> End {
        let metadata = try PayloadDecoder().decode(Metadata.self, from: pending.metadata)
        try await surroundings.record(
            event, on: Journal<P>.ID(pending.instance), as: CommandID("\(id)/end"), metadata)
        return .recorded
    }
}

extension Error {
    /// Whether the same delivery may work later: the database was away or busy, or others were faster.
    fileprivate var mayPass: Bool {
        switch self {
        case is CancellationError: true
        case let error as PostgresError: error.sqlState.errorClass != "22"
        case let error as EventStoreError: error.mayPass
        case let error as AppendError:
            if case .failed(let error) = error { error.mayPass } else { true }
        case let error as any DeliveryFailure: error.storeError?.mayPass ?? true
        default: false
        }
    }
}

extension EventStoreError {
    fileprivate var mayPass: Bool {
        switch self {
        case .database(let error): error.sqlState.errorClass != "22"
        case .overloaded, .cancelled, .inlineProjectionBehind, .inlineProjectionHalted, .refusedByProjection: true
        default: false
        }
    }
}

/// What is common to the errors of all aggregates' commands.
private protocol DeliveryFailure: Error {
    /// Nil for a conflict or an unknown outcome.
    var storeError: EventStoreError? { get }
}

extension ExecuteError: DeliveryFailure {
    fileprivate var storeError: EventStoreError? {
        if case .failed(let error) = self { error } else { nil }
    }
}
