import MartletPostgres
import MartletStreamingLog
import Synchronization

/// Reads a partition's next page when it is asked to, so that whoever waits for it can do something else meanwhile.
final class PageFeed: Sendable {
    private enum State: Sendable {
        case idle, asked
        case read(Result<[StoredRecord], any Error>)
    }

    private let partition: any AssignedPartition
    private let limits: FetchLimits
    private let state = Mutex<State>(.idle)
    private let signal = AppendSignal()

    init(_ partition: any AssignedPartition, limits: FetchLimits) {
        (self.partition, self.limits) = (partition, limits)
    }

    /// Reads until the task is cancelled.
    func serve() async {
        while !Task.isCancelled {
            let generation = await signal.generation
            guard isAsked else {
                await signal.wait(since: generation, atMost: .seconds(60))
                continue
            }
            let page: Result<[StoredRecord], any Error>
            do { page = .success(try await partition.next(upTo: limits)) } catch { page = .failure(error) }
            state.withLock { $0 = .read(page) }
            await signal.wake()
        }
    }

    /// The next page; nil when there is none within `limit`: then it is kept for whoever asks next.
    func page(atMost limit: Duration) async throws -> [StoredRecord]? {
        if let page = takePage(asking: true) { return try page.get() }
        await signal.wake()
        let generation = await signal.generation
        if let page = takePage(asking: false) { return try page.get() }
        await signal.wait(since: generation, atMost: limit)
        return try takePage(asking: false)?.get()
    }

    private var isAsked: Bool {
        state.withLock { if case .asked = $0 { true } else { false } }
    }

    private func takePage(asking: Bool) -> Result<[StoredRecord], any Error>? {
        state.withLock { state in
            if case .read(let page) = state {
                state = .idle
                return page
            }
            if asking { state = .asked }
            return nil
        }
    }
}
