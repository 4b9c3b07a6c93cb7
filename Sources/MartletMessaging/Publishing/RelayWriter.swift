import MartletDomain
import MartletEventStore
import MartletPostgres
import MartletProjections
import MartletStreamingLog

/// Turns a batch of the log's events into records of a streaming log: what the runner of projections does with a
/// publication.
///
/// In the event store's own database the records are appended in the transaction that moves the checkpoint, by a
/// statement that goes with its COMMIT. Any other log has them before that; what is not committed then is sent again, and
/// left out there by its sequences.
struct RelayWriter<Source: MessageSource>: ReadModelWriter {
    typealias Input = Source.Input
    typealias Event = RoutedEvent<Input>

    let source: Source
    let log: RelayLog
    let store: EventStore
    let lanes = RelayLanes()

    init(_ source: Source, into log: RelayLog, store: EventStore) {
        (self.source, self.log, self.store) = (source, log, store)
    }

    var declaration: ReadModelDeclaration { source.declaration }

    func key(of input: Input, in stream: StreamName) -> String? { source.key(of: input, in: stream) }
    func keyOfUnreadable(in stream: StreamName) -> String? { source.keyOfUnreadable(in: stream) }

    /// So that one relay appends to a partition of the topic and no two wait for each other.
    func partition(of key: String, among count: Int) -> Int { Partitioner.partition(of: key.utf8, among: count) }

    var preparation: Preparation { log.own == nil ? .final : .unseen }

    func prepare(_ events: [Event], by author: EffectAuthor) async throws {
        var prepared: [GlobalPosition: [OutgoingMessage]] = [:]
        prepared.reserveCapacity(events.count)
        for event in events { prepared[event.position] = try messages(of: event) }
        do {
            var lane = try await self.lane(of: author)
            try lane.settle(by: log)
            lane.prepared = prepared
            for topic in prepared.topics { try await learn(topic, &lane) }
            if log.own == nil { try await send(&lane, of: events.map(\.position)) }
            lanes[author] = lane
        } catch {
            // What is known may not be so any more.
            lanes[author] = nil
            throw (error as? StreamingLogError).map { judged($0) } ?? error
        }
    }

    func write(_: [Event], in _: Transaction) async throws {
        preconditionFailure("publication \"\(declaration.name)\": expected an author")
    }

    func write(_ events: [Event], by author: EffectAuthor, in transaction: Transaction) async throws {
        guard var lane = lanes[author], events.allSatisfy({ lane.prepared[$0.position] != nil }) else {
            // An operator has let a key go on meanwhile.
            throw JudgedFailure(Unprepared(), isOfTheEvent: false)
        }
        // An operator's next event comes with a lane of its own.
        defer { if case .retry = author { lanes[author] = nil } }
        guard let own = log.own else { return }
        do throws(StreamingLogError) {
            // In one order of topics, so that no two wait for each other's partitions.
            for (topic, messages) in lane.messages(of: events.map(\.position)) {
                let batches = try lane.batches(of: messages, to: topic)
                let answer = transaction.enqueueAtCommit(.prepared(try own.publication(of: batches, to: topic)))
                lane.staged.append(RelayLane.Staged(topic: topic, batches: batches, answer: answer))
            }
            lanes[author] = lane
        } catch {
            lanes[author] = nil
            throw judged(error)
        }
    }

    var passesErrorsOn: Bool { true }

    func lostPlace(_ partition: Int) async { lanes.forget(partition) }

    func fill(_: FillPlace) -> any PartitionFill<Input> {
        preconditionFailure("publication \"\(declaration.name)\": a publication is not rebuilt; see replay")
    }

    var isSampled: Bool { false }
}
