import Dispatch
import Glibc

/// The signals by which a service is asked to end: Ctrl-C and what a supervisor sends.
///
/// From its making on neither ends the process by itself, and ``stream`` yields while it is held.
struct StopSignals {
    /// One element a signal; ends when the task that iterates is cancelled.
    let stream: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, feed) = AsyncStream<Void>.makeStream()
        self.stream = stream
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { feed.yield() }
            source.resume()
            return source
        }
    }

    func close() {
        for source in sources { source.cancel() }
    }
}
