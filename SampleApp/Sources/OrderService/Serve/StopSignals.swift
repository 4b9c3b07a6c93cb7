import Dispatch
import Glibc
import Synchronization

/// The signals by which a service is asked to end: Ctrl-C and what a supervisor sends.
///
/// From its making on neither ends the process by itself.
final class StopSignals: Sendable {
    private let signals: AsyncStream<Void>
    /// Held, because a source that nobody holds is silent.
    private let sources = Mutex<[any DispatchSourceSignal]>([])

    init() {
        let (signals, feed) = AsyncStream<Void>.makeStream()
        self.signals = signals
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { feed.yield() }
            source.resume()
            sources.withLock { $0.append(source) }
        }
    }

    /// Returns at the first signal, or when the task is cancelled.
    func wait() async {
        for await _ in signals { return }
    }
}
