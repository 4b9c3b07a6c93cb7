public import FoundationEssentials
public import Martlet

extension EventStore {
    /// An event store in memory, empty, with the promises of the one on PostgreSQL; gone with its last copy.
    ///
    /// ```swift
    /// let store = EventStore.inMemory()
    /// try await store.execute(.receive(cents: 5_00), on: Account.ID("ada"))
    /// ```
    ///
    /// The two pass the same tests: positions without a hole, versions and what is expected of them, several streams in
    /// one append, command ids and their kept answers, closing and archiving. It never waits and never fails by itself.
    /// What it does not have is PostgreSQL: no SQL over the events, and no projections, since those write tables.
    /// - Parameters:
    ///   - faults: what is to go wrong, and when.
    ///   - now: the database's clock; asked once an append. What is recorded never decreases, even if the clock does.
    public static func inMemory(
        faults: AppendFaults = AppendFaults(), now: @escaping @Sendable () -> Date = { Date() }
    ) -> EventStore {
        EventStore(InMemoryStorage(faults: faults, now: now))
    }
}
