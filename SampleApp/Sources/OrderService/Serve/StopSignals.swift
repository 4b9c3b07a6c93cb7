import Dispatch
import Glibc

/// The signals by which a service is asked to end: Ctrl-C and what a supervisor sends.
enum StopSignals {
    /// Returns at the first SIGINT or SIGTERM, or when its task is cancelled; from then on neither ends the process.
    static func wait() async {
        let (signals, feed) = AsyncStream<Void>.makeStream()
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { feed.yield() }
            source.resume()
            return source
        }
        for await _ in signals { break }
        for source in sources { source.cancel() }
    }
}
