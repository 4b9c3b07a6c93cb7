import MartletPostgres
import MartletStreamingLog
import Synchronization

/// Reads a partition's next page when it is asked to, so that whoever waits for it can do something else meanwhile.
final class PageFeed: Sendable {
    private enum State: Sendable {
        case idle, asked
        /// It is to be read from here instead.
        case moved(Offset)
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
            if let offset = keep(page) {
                // It may be what came from there: that is read again.
                do { try await partition.seek(to: .offset(offset)) } catch { _ = keep(.failure(error)) }
            }
            await signal.wake()
        }
    }

    /// Keeps a page for whoever asks, or answers with from where it is to be read instead.
    private func keep(_ page: Result<[StoredRecord], any Error>) -> Offset? {
        state.withLock { state in
            if case .moved(let offset) = state {
                state = .asked
                return offset
            }
            state = .read(page)
            return nil
        }
    }

    /// Reads on from another place; what has been read and not been fetched is forgotten.
    func seek(to offset: Offset) async throws {
        state.withLock { state in
            switch state {
            case .idle, .read: state = .idle
            case .asked, .moved: state = .moved(offset)
            }
        }
        try await partition.seek(to: .offset(offset))
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
        state.withLock { state in
            switch state {
            case .asked, .moved: true
            case .idle, .read: false
            }
        }
    }

    private func takePage(asking: Bool) -> Result<[StoredRecord], any Error>? {
        state.withLock { state in
            if case .read(let page) = state {
                state = .idle
                return page
            }
            if asking, case .idle = state { state = .asked }
            return nil
        }
    }
}
