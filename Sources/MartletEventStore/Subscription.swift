public import MartletDomain
import MartletPostgres

extension EventStore {
    /// Follows the log: all events after a position, then each new one as soon as it is committed; once each, in order.
    ///
    /// ```swift
    /// for try await event in store.subscribe(after: lastSeen, filter: .categories(["order"])) { … }
    /// ```
    /// Does not end by itself: nil after the task was cancelled. A database that is away is waited for. The sequence
    /// throws ``EventStoreError``, ``EventStoreError/hole(expected:found:)`` among it.
    ///
    /// However many subscriptions a process has, one session listens for all of them, and only while there is one.
    public func subscribe(after position: GlobalPosition = .start, filter: LogFilter = .all) -> Subscription {
        Subscription(store: self, position: position, filter: filter)
    }
}

/// The log from a position on, without an end; see ``EventStore/subscribe(after:filter:)``.
///
/// Reads pages of 1,000, the next one while this one is processed, until it has caught up; then what a wake-up
/// announces, and once a second what none announced. A slow reader holds two pages and keeps nobody waiting.
public struct Subscription: AsyncSequence, Sendable {
    let store: EventStore
    let position: GlobalPosition
    let filter: LogFilter

    /// The same by the page, with the position up to which everything was looked at: for readers that keep their place.
    public var batches: Batches { Batches(subscription: self) }

    public func makeAsyncIterator() -> Iterator { Iterator(batches: batches.makeAsyncIterator()) }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var batches: Batches.Iterator
        private var batch = [StoredEvent]().makeIterator()

        fileprivate init(batches: Batches.Iterator) { self.batches = batches }

        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(EventStoreError) -> StoredEvent? {
            while true {
                if let event = batch.next() { return event }
                guard let next = try await batches.next() else { return nil }
                batch = next.events.makeIterator()
            }
        }
    }
}
