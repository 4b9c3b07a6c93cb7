import Dispatch
import Glibc

/// The signals by which a program is asked to end: Ctrl-C and what a supervisor sends.
///
/// From its making until ``close()`` neither ends the process by itself. A dispatch source would be shorter, but on
/// Linux (Swift 6.3.1) it loses a signal now and then: it reads from a signalfd, which needs every thread to block the
/// signal, and it blocks it in a thread only after the signal has arrived there.
public struct StopSignals: Sendable {
    /// One element once a signal has come; ends when the task that iterates is cancelled.
    public let stream: AsyncStream<Void>
    private static let numbers = [SIGINT, SIGTERM]

    public init() {
        let (stream, feed) = AsyncStream<Void>.makeStream()
        self.stream = stream
        let ends = stopPipe
        DispatchQueue(label: "martlet.signals").async {
            var byte: UInt8 = 0
            while read(ends.reading, &byte, 1) < 0, errno == EINTR {}
            feed.yield()
        }
        for number in Self.numbers { signal(number) { _ in StopSignals.tellOfStop() } }
        Self.unblock()
    }

    /// Dispatch's threads block signals, and a process started from one of them begins with all of them blocked.
    private static func unblock() {
        var mask = sigset_t()
        sigemptyset(&mask)
        for number in numbers { sigaddset(&mask, number) }
        pthread_sigmask(SIG_UNBLOCK, &mask, nil)
    }

    /// Gives the signals back their own effect.
    public func close() {
        for number in Self.numbers { signal(number, SIG_DFL) }
        Self.tellOfStop()
    }

    /// Safe in a signal handler (signal-safety(7)): one write, with errno as it was.
    private static func tellOfStop() {
        let before = errno
        var byte: UInt8 = 0
        _ = write(stopPipe.writing, &byte, 1)
        errno = before
    }
}

/// How the handler reaches a thread that may do more than a handler may; a handler sees nothing but globals.
private let stopPipe: (reading: Int32, writing: Int32) = {
    var ends: [Int32] = [-1, -1]
    let code = pipe(&ends)
    precondition(code == 0, "expected a pipe, found \(String(cString: strerror(errno)))")
    return (ends[0], ends[1])
}()
