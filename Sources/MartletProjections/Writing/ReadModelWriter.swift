import MartletDomain
import MartletEventStore
import MartletPostgres

/// How a batch of events becomes changes of a read model: what differs between the kinds of projections.
package protocol ReadModelWriter<Input>: Sendable {
    associatedtype Input: EventInput

    var declaration: ReadModelDeclaration { get }

    /// What the event is ordered by: nil leaves it out, since it has no effect.
    func key(of input: Input, in stream: StreamName) -> String?

    /// What an event that cannot be read is ordered by; nil where only the event itself could tell.
    func keyOfUnreadable(in stream: StreamName) -> String?

    /// Writes the events' effects, in their order. Tables are found in the transaction's search path.
    func write(_ events: [RoutedEvent<Input>], in transaction: Transaction) async throws

    /// The same, where it matters who writes.
    func write(_ events: [RoutedEvent<Input>], by author: EffectAuthor, in transaction: Transaction) async throws

    /// Whether it throws PostgreSQL's errors as they are, so that a first statement may go with others of which it knows
    /// nothing.
    var passesErrorsOn: Bool { get }

    /// What is done of a batch before its transaction begins.
    var preparation: Preparation { get }

    /// Prepares for events that are about to be written, of keys that are not parked.
    func prepare(_ events: [RoutedEvent<Input>], by author: EffectAuthor) async throws

    /// The partition that a key belongs to.
    func partition(of key: String, among count: Int) -> Int

    /// Works beside the worker of a partition for as long as this process has that, until the task is cancelled.
    func attend(_ partition: AttendedPartition) async

    /// A batch of a partition was committed.
    func committed(_ partition: Int) async

    /// What was thought to be known of a partition may not be so any more.
    func lostPlace(_ partition: Int) async

    /// What fills a partition of a new build.
    func fill(_ place: FillPlace) -> any PartitionFill<Input>

    /// Whether some rows are folded apart while a build is filled, to compare the table with.
    var isSampled: Bool { get }
}

extension ReadModelWriter {
    package func keyOfUnreadable(in stream: StreamName) -> String? {
        declaration.isKeyedByStream ? stream.description : nil
    }

    package func write(
        _ events: [RoutedEvent<Input>], by _: EffectAuthor, in transaction: Transaction
    ) async throws { try await write(events, in: transaction) }

    package var passesErrorsOn: Bool { false }
    package var preparation: Preparation { .none }
    package func prepare(_: [RoutedEvent<Input>], by _: EffectAuthor) async throws {}
    package func partition(of key: String, among count: Int) -> Int { key.partition(of: count) }
    package func attend(_: AttendedPartition) async {}
    package func committed(_: Int) async {}
    package func lostPlace(_: Int) async {}
}

/// On whose behalf effects are written.
package enum EffectAuthor: Hashable, Sendable {
    /// The worker that has a partition, and under which epoch.
    case worker(partition: Int, epoch: Int64)
    /// An operator who retries a parked key.
    case retry(key: ExactText)
}

/// What a writer does of a batch before the transaction in which its effects and its place are kept.
package enum Preparation: Sendable {
    case none
    /// Nothing that anybody sees.
    case unseen
    /// What cannot be taken back: its events have had their effect then, whatever becomes of the transaction.
    case final
}

/// A partition that this process works on.
package struct AttendedPartition: Sendable {
    package let build: Int64
    package let number: Int
    let tenure: PartitionTenure

    /// The partition among those of all builds.
    package var place: Int64 { build * 256 + Int64(number) }

    /// Whether to begin nothing new, since somebody else is to have it.
    package var isRevoked: Bool { tenure.isRevoked }
}

/// What a projection has said of itself.
package struct ReadModelDeclaration: Sendable {
    package let name: String
    package let version: Int
    package let partitions: Int
    package var onFailure: FailurePolicy
    package let tables: [ReadModelTable]
    /// Whether an event's key can be told without decoding it.
    package let isKeyedByStream: Bool
    /// The most events in one transaction.
    package let largestBatch: Int
    /// Whether its first build begins at the log's end.
    package var beginsAtEnd = false
    package var follower = ProjectionIncident.Follower.projection

    /// What follows the log as a projection does, and is none.
    package init(
        _ follower: ProjectionIncident.Follower = .process, process name: String, partitions: Int,
        onFailure: FailurePolicy, largestBatch: Int, beginsAtEnd: Bool
    ) {
        precondition(
            (1...256).contains(partitions),
            "\(follower.rawValue) \"\(name)\": expected 1 to 256 partitions, found \(partitions)")
        (self.name, self.partitions, self.onFailure) = (name, partitions, onFailure)
        (self.largestBatch, self.beginsAtEnd) = (largestBatch, beginsAtEnd)
        (version, tables, isKeyedByStream) = (1, [], false)
        self.follower = follower
    }

    init<Model: ReadModel>(
        _: Model.Type, tables: [ReadModelTable], isKeyedByStream: Bool, largestBatch: Int
    ) {
        precondition(
            (1...256).contains(Model.partitions),
            "projection \"\(Model.name)\": expected 1 to 256 partitions, found \(Model.partitions)")
        precondition(
            !Model.Input.categories.isEmpty, "projection \"\(Model.name)\": expected it to take events, found no source"
        )
        precondition(
            Model.version > 0, "projection \"\(Model.name)\": expected a version from 1, found \(Model.version)")
        (name, version, partitions) = (Model.name, Model.version, Model.partitions)
        (onFailure, self.tables) = (Model.onFailure, tables)
        (self.isKeyedByStream, self.largestBatch) = (isKeyedByStream, largestBatch)
    }

    /// What changes when a table is declared otherwise: FNV-1a, 64 bits, of all statements but comments.
    var digest: String {
        String(tables.map(\.digestText).joined(separator: ";\n").stableHash, radix: 16)
    }
}

/// An event on its way into a read model: what it says, or why it cannot be read, and where it belongs.
///
/// A class, since it goes from hand to hand and a copy would count every text in it.
package final class RoutedEvent<Input: Sendable>: Sendable {
    package let stored: StoredEvent
    package let input: Result<Input, EventStoreError>
    package let key: String
    /// Whether it is the event's own, and not its stream's name for want of a better.
    let isKeyKnown: Bool

    package init(
        stored: StoredEvent, input: Result<Input, EventStoreError>, key: String, isKeyKnown: Bool = true
    ) {
        (self.stored, self.input, self.key, self.isKeyKnown) = (stored, input, key, isKeyKnown)
    }

    package var position: GlobalPosition { stored.position }
}
