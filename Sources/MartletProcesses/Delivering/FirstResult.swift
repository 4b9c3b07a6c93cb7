import Synchronization

/// The first of several results, for one who waits for it.
final class FirstResult<Value: Sendable>: Sendable {
    private enum State: Sendable {
        case open(CheckedContinuation<Value, Never>?)
        case settled(Value)
    }

    private let state = Mutex(State.open(nil))

    /// False when there is one already.
    @discardableResult
    func settle(_ value: Value) -> Bool {
        let waiting: CheckedContinuation<Value, Never>?? = state.withLock { state in
            guard case .open(let waiting) = state else { return nil }
            state = .settled(value)
            return .some(waiting)
        }
        guard let waiting else { return false }
        waiting?.resume(returning: value)
        return true
    }

    /// For one task alone.
    var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let settled: Value? = state.withLock { state in
                    if case .settled(let value) = state { return value }
                    state = .open(continuation)
                    return nil
                }
                if let settled { continuation.resume(returning: settled) }
            }
        }
    }
}
