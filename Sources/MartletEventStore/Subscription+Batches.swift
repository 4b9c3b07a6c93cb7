public import MartletDomain
import MartletPostgres

extension Subscription {
    /// Some events of the log, and everything up to `through` that the filter let pass.
    public struct Batch: Sendable {
        /// Up to 1,000, perhaps none.
        public let events: [StoredEvent]
        /// Further than the last batch's, also when nothing matched; whoever resumes after it misses nothing.
        public let through: GlobalPosition
    }

    public struct Batches: AsyncSequence, Sendable {
        let subscription: Subscription

        public func makeAsyncIterator() -> Iterator { Iterator(subscription) }

        public struct Iterator: AsyncIteratorProtocol, Sendable {
            private typealias Pages = ReadAhead<GlobalPosition, Batch>
            private static var pollInterval: Duration { .seconds(1) }
            private static var backoff: Backoff { Backoff(base: .milliseconds(50), limit: .seconds(5)) }

            private let signal: AppendSignal
            private let fetch: Pages.Fetch
            private var through: GlobalPosition
            private var pages: Pages
            private var following: AppendSignal.Following?
            private var failures = 0

            fileprivate init(_ subscription: Subscription) {
                let (store, filter) = (subscription.store, subscription.filter)
                signal = store.storage.signal
                through = subscription.position
                let fetch: Pages.Fetch = { position throws(EventStoreError) in
                    let answer = try await store.logPage(after: position, filter: filter, limit: PageCursor.size)
                    return .init(
                        page: Batch(events: answer.events, through: answer.through),
                        next: answer.events.count == PageCursor.size ? answer.through : nil)
                }
                self.fetch = fetch
                pages = Pages(from: through, fetch)
            }

            public mutating func next(
                isolation actor: isolated (any Actor)? = #isolation
            ) async throws(EventStoreError) -> Batch? {
                if following == nil { following = await signal.join() }
                while !Task.isCancelled {
                    let seen = await signal.generation
                    do throws(EventStoreError) {
                        if let batch = try await look() { return batch }
                        await signal.wait(since: seen, atMost: Self.pollInterval)
                    } catch {
                        guard await shouldTryAgain(after: error) else { throw error }
                    }
                }
                return nil
            }

            /// What there is beyond what was seen, or nil when there is nothing now.
            private mutating func look() async throws(EventStoreError) -> Batch? {
                while true {
                    // What was asked for before the wake-ups were counted says nothing about what came since.
                    let isFresh = !pages.isAhead
                    if let batch = try await pages.next() {
                        failures = 0
                        if batch.through > through { return seen(batch) }
                        if isFresh { return nil }
                    } else {
                        pages = Pages(from: through, fetch)
                    }
                }
            }

            private mutating func seen(_ batch: Batch) -> Batch {
                through = batch.through
                return batch
            }

            private mutating func shouldTryAgain(after error: EventStoreError) async -> Bool {
                if Task.isCancelled { return true }
                guard error.isUnavailability else { return false }
                failures += 1
                do { try await Task.sleep(for: Self.backoff.delay(after: failures)) } catch {}
                return true
            }
        }
    }
}
