import Synchronization

/// What one call of `send` waits for: the answers for its parts, one a partition.
final class Delivery: Sendable {
    typealias Answer = Result<[Offset?], StreamingLogError>
    private typealias Waiter = CheckedContinuation<[Answer], Never>

    private struct State {
        var answers: [Answer?]
        var missing: Int
        var waiter: Waiter?
    }

    private let state: Mutex<State>

    init(parts: Int) { state = Mutex(State(answers: Array(repeating: nil, count: parts), missing: parts)) }

    func answer(_ answer: Answer, to part: Int) {
        let done: (Waiter, [Answer])? = state.withLock { state in
            guard state.answers[part] == nil else { return nil }
            state.answers[part] = answer
            state.missing -= 1
            guard state.missing == 0, let waiter = state.waiter else { return nil }
            state.waiter = nil
            return (waiter, state.answers.compactMap(\.self))
        }
        if let (waiter, answers) = done { waiter.resume(returning: answers) }
    }

    /// The answers, once all are there; to be called once.
    func answers() async -> [Answer] {
        await withCheckedContinuation { waiter in
            let all: [Answer]? = state.withLock { state in
                if state.missing == 0 { return state.answers.compactMap(\.self) }
                state.waiter = waiter
                return nil
            }
            if let all { waiter.resume(returning: all) }
        }
    }
}
