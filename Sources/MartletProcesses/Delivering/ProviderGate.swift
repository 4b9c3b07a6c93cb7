import MartletJSON
import Synchronization

/// The way to one provider from this process: how many calls at once, how long each may take, and whether it is asked at
/// all for now.
final class ProviderGate: Sendable {
    enum Outcome: Sendable {
        /// JSON.
        case answered([UInt8])
        /// The provider has answered that what was to be undone is not undone.
        case notDone(String)
        case failed(String)
        /// It would fail each time, so it is of no use to ask again.
        case impossible(String)
        /// It was not asked, since it is not asked for now.
        case heldBack(for: Duration)
    }

    let name: String
    let policy: CallPolicy
    private let ask: @Sendable ([UInt8], IdempotencyKey, Bool) async throws -> Outcome

    init<P: ActivityProvider>(_ provider: P) {
        (name, policy) = (P.name, provider.policy)
        ask = { body, key, isUndo in
            let request: P.Request
            do { request = try PayloadDecoder().decode(P.Request.self, from: body) } catch {
                return .impossible("the request cannot be read: \(error)")
            }
            let answer = try await provider.perform(request, key: key)
            let bytes = try PayloadEncoder().encode(answer)
            guard isUndo, !provider.isDone(answer) else { return .answered(bytes) }
            return .notDone("the provider has answered \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    /// Asks the provider once.
    func call(_ body: [UInt8], key: IdempotencyKey, isUndo: Bool) async -> Outcome {
        do {
            return try await withThrowingTaskGroup(of: Outcome.self) { group in
                defer { group.cancelAll() }
                group.addTask { [ask] in try await ask(body, key, isUndo) }
                group.addTask { [policy] in
                    try await Task.sleep(for: policy.timeout)
                    return .failed("no answer within \(policy.timeout)")
                }
                return try await group.next() ?? .failed("no answer")
            }
        } catch {
            return .failed("\(error)")
        }
    }
}
