import MartletDomain
import MartletEventStore
import MartletPostgres
package import MartletProjections

/// Moves instances by a batch of the log's events: what the runner of projections does with a process manager.
package struct ProcessWriter<P: ProcessManager>: ReadModelWriter {
    package let declaration: ReadModelDeclaration
    let reactor: Reactor<P.Input>
    let surroundings: ProcessSurroundings<P>
    private let keyedByStream: [String]

    /// - Precondition: no aggregate that it has to do with has its name, which is that of its instances' streams.
    init(_ surroundings: ProcessSurroundings<P>) {
        // Its own streams are one of the categories, each of which may be there once.
        _ = Incoming<P>.categories
        precondition(
            surroundings.reactor.targets[P.name] == nil,
            "process \"\(P.name)\": expected a name that is no aggregate's category")
        self.surroundings = surroundings
        reactor = surroundings.reactor
        keyedByStream = [P.name] + P.Input.sources.compactMap(\.categoryKeyedByStream)
        declaration = ReadModelDeclaration(
            process: P.name, partitions: P.partitions, onFailure: P.onFailure, largestBatch: 500,
            beginsAtEnd: P.begins == .now)
    }

    package func key(of input: Incoming<P>, in _: StreamName) -> String? { input.instance?.asEventKey }

    /// A journal says whose it is, and so does a stream of events that go to the instance of its key.
    package func keyOfUnreadable(in stream: StreamName) -> String? {
        keyedByStream.contains { stream.isOf($0) } ? stream.key.asEventKey : nil
    }

    package func write(_ events: [RoutedEvent<Incoming<P>>], in transaction: Transaction) async throws {
        var inputs: [(routed: RoutedEvent<Incoming<P>>, input: Incoming<P>, id: Journal<P>.ID)] = []
        for event in events {
            let input = try event.input.get()
            guard let key = input.instance else { continue }
            inputs.append((event, input, try surroundings.instance(key)))
        }
        guard !inputs.isEmpty else { return }
        var batch = try await InstanceBatch(Set(inputs.map(\.id)), surroundings, in: transaction)
        for (routed, input, id) in inputs { try batch.take(input, routed.stored, on: id, by: reactor) }
        try batch.enqueueChanges(in: transaction)
        try await transaction.flush()
    }

    package func committed(_ partition: Int) async { await surroundings.bells[partition].wake() }

    package func attend(_ partition: AttendedPartition) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var courier = Courier(surroundings, partition)
                await courier.run()
            }
            group.addTask { await TimerWatch(surroundings, partition).run() }
        }
    }

    package func fill(_: FillPlace) -> any PartitionFill<Incoming<P>> {
        preconditionFailure("process \"\(P.name)\": a process manager is not rebuilt")
    }

    package var isSampled: Bool { false }
}
