import MartletDomain
import MartletEventStore
import MartletJSON

/// How commands and calls are made.
extension Delivery {
    func send() async throws -> Outcome {
        let reference = pending.reference
        guard let stream = StreamName(reference.target),
            let target = surroundings.reactor.targets[stream.category]
        else {
            throw ProcessFlaw.unknownTarget(reference.target, of: P.name)
        }
        let metadata = try PayloadDecoder().decode(Metadata.self, from: pending.metadata)
        let delivery = CommandDelivery(stream: stream, body: pending.body, id: id, metadata: metadata)
        let outcome: CommandDelivery.Outcome?
        do {
            outcome = try await surroundings.turns.take(reference.target) {
                try await isToBeSent() ? try await target.deliver(surroundings.store, delivery) : nil
            }
        } catch is NotCounted {
            return .heldBack(for: Self.databasePause)
        }
        switch outcome {
        case nil: return .withdrawn
        case .accepted:
            guard pending.isUndo else { return .delivered }
            return try await record(.delivered(reference))
        case .refused(let rejection):
            let text = String(decoding: rejection, as: UTF8.self)
            guard !pending.isUndo else { return .parked("refused: \(text)", isRefused: true) }
            return try await record(.refused(reference, rejection: text))
        }
    }

    /// Counts the try, in its turn: what has only waited there must not be taken for what ended the process.
    private func isToBeSent() async throws -> Bool {
        do { return try await surroundings.isWanted(pending, at: partition, hasWaited: false) } catch {
            throw NotCounted()
        }
    }

    /// The try could not be written down, and is not made.
    private struct NotCounted: Error {}

    func call() async throws -> Outcome {
        let reference = pending.reference
        guard let gate = surroundings.gates[reference.target] else {
            throw ProcessFlaw.unknownProvider(reference.target, of: P.name)
        }
        let key = IdempotencyKey(rawValue: id.rawValue)
        let answer: ProviderGate.Outcome
        do {
            answer = try await gate.call(
                pending.body, key: key, isUndo: pending.isUndo,
                ifWanted: { try await surroundings.isWanted(pending, at: partition, hasWaited: $0) },
                tell: { tell("of \"\(gate.name)\", \($0)") })
        } catch {
            return .heldBack(for: Self.databasePause)
        }
        switch answer {
        case .answered(let answer):
            return try await record(.answered(reference, answer: String(decoding: answer, as: UTF8.self)))
        case .notDone(let problem): return .parked(problem, isRefused: true)
        case .impossible(let problem): return .parked(problem, isRefused: false)
        case .heldBack(let time): return .heldBack(for: time)
        case .withdrawn: return .withdrawn
        case .cut: return .cut
        case .failed(let problem):
            // A cancelled task's call was cut by this process, not by the provider.
            try Task.checkCancellation()
            guard pending.attempts + 1 >= gate.policy.attempts else { return .failed(problem) }
            return try await giveUp(problem)
        }
    }
}
