import Glibc
import Synchronization

/// An actor's executor on a thread of its own, so that libpq may block without holding up Swift's shared pool.
///
/// The thread ends after ``stop()``, once everything queued before it has run.
final class ConnectionThread: SerialExecutor, @unchecked Sendable {
    private struct Queue {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let queue = Mutex(Queue())
    /// Counts the queued jobs, and one more for the stop. A pointer, because a semaphore must not move.
    private let arrivals: UnsafeMutablePointer<sem_t>

    init() throws(PostgresError) {
        arrivals = .allocate(capacity: 1)
        sem_init(arrivals, 0, 0)
        let failure = startThread { [self] in run() }
        if failure != 0 {
            throw PostgresError(
                sqlState: .unableToConnect, message: "could not start a thread: \(String(cString: strerror(failure)))")
        }
    }

    deinit {
        sem_destroy(arrivals)
        arrivals.deallocate()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.withLock { $0.jobs.append(job) }
        sem_post(arrivals)
    }

    func stop() {
        queue.withLock { $0.isStopped = true }
        sem_post(arrivals)
    }

    private func run() {
        while true {
            while sem_wait(arrivals) != 0 {}  // interrupted by a signal
            let (jobs, isStopped) = queue.withLock { queue in
                defer { queue.jobs.removeAll(keepingCapacity: true) }
                return (queue.jobs, queue.isStopped)
            }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
            if isStopped && jobs.isEmpty { return }
        }
    }
}
