import MartletDomain
import MartletPostgres

/// Where an event store keeps things: PostgreSQL, or a test's memory, with the same promises.
///
/// Speaks of stored events and bytes only; what is typed (the codec, folding, deciding) stands before it.
package protocol EventStorage: Sendable {
    /// Takes a unit into the log, whole or not at all; never given up, whatever becomes of the caller's task, once it
    /// has been sent.
    func append(_ unit: AppendUnit) async -> AppendOutcome

    /// Up to `limit` events of a stream beyond a version, without a gap between them.
    func readStream(_ stream: StreamName, _ page: StreamPage) async throws(EventStoreError) -> [StoredEvent]

    /// The last snapshot of a stream with up to `limit` events that follow it; without a snapshot, the stream's first.
    ///
    /// A snapshot counts only if it is of this state version, and if the event it was taken at stands in the stream,
    /// at its version and position, and had happened by `asOf`.
    func readSnapshot(
        of stream: StreamName, stateVersion: Int, asOf: AsOf?, limit: Int
    ) async throws(EventStoreError) -> SnapshotPage

    /// Keeps snapshots, of which no two are of the same stream, one a stream.
    ///
    /// What is kept moves forward only: one of a later state version, or of a later version of the stream, stays. But
    /// one that was taken at an event which is not in the stream gives way to any.
    func writeSnapshots(_ snapshots: [StoredSnapshot]) async throws(EventStoreError)

    /// Up to `limit` events of those that follow a position, or stand before it when reading backwards.
    func readLog(_ page: LogPage) async throws(EventStoreError) -> LogPage.Answer

    /// The position of the log's last event.
    func head() async throws(EventStoreError) -> GlobalPosition

    /// Is woken after each append, this process's own and others', so that nobody need ask all the time.
    var signal: AppendSignal { get }

    /// Closes a stream that is as expected.
    func close(_ stream: StreamName, expecting: ExpectedVersion) async throws(EventStoreError) -> CloseOutcome

    /// Moves a closed stream's events out of the way and says how many; nil when it is not closed.
    func archive(_ stream: StreamName) async throws(EventStoreError) -> Int?

    /// Forgets the answers to commands that are older than this by the store's clock, and says how many.
    func forgetCommands(olderThan age: Duration) async throws(EventStoreError) -> Int
}

/// A page of one stream's events.
package struct StreamPage: Sendable {
    /// Beyond this version: above it, or below it when reading backwards.
    package var from: StreamVersion
    package var direction = ReadDirection.forwards
    /// Only what had happened by then.
    package var asOf: AsOf?
    package var limit = 1000

    package init(from: StreamVersion, direction: ReadDirection = .forwards, asOf: AsOf? = nil, limit: Int = 1000) {
        (self.from, self.direction, self.asOf, self.limit) = (from, direction, asOf, limit)
    }
}

/// A page of the log.
package struct LogPage: Sendable {
    /// Beyond this position: above it, or below it when reading backwards.
    package var from: GlobalPosition
    package var direction = ReadDirection.forwards
    package var filter = LogFilter.all
    package var limit = 1000

    package init(
        from: GlobalPosition, direction: ReadDirection = .forwards, filter: LogFilter = .all, limit: Int = 1000
    ) {
        (self.from, self.direction, self.filter, self.limit) = (from, direction, filter, limit)
    }

    package struct Answer: Sendable {
        package var events: [StoredEvent]
        /// Everything up to here (down to here, backwards) was looked at; the next page is asked for from here. With
        /// fewer events than the limit that is the log's end; backwards it is the start.
        package var through: GlobalPosition

        package init(events: [StoredEvent], through: GlobalPosition) {
            (self.events, self.through) = (events, through)
        }
    }
}

package enum CloseOutcome: Sendable, Equatable {
    case closed(at: StreamVersion)
    case conflict(actual: StreamVersion)
}
