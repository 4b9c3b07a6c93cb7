import MartletEventStore
import MartletPostgres
import Synchronization

/// Wakes a projection's crew in this process when another member has come or gone.
final class Calls: Sendable {
    private let signals = Mutex<[String: AppendSignal]>([:])

    subscript(_ projection: String) -> AppendSignal {
        signals.withLock { signals in
            let signal = signals[projection] ?? AppendSignal()
            signals[projection] = signal
            return signal
        }
    }

    func wake(_ projection: String) async { await signals.withLock { $0[projection] }?.wake() }

    func wakeAll() async {
        for signal in signals.withLock({ Array($0.values) }) { await signal.wake() }
    }
}
