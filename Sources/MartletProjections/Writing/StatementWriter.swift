import MartletDomain
import MartletEventStore
import MartletPostgres

/// Projects one event after the other by the projection's own SQL.
package struct StatementWriter<P: Projection>: ReadModelWriter {
    private let projection: P
    private let store: EventStore
    package var declaration: ReadModelDeclaration

    package init(_ projection: P, store: EventStore) {
        (self.projection, self.store) = (projection, store)
        declaration = ReadModelDeclaration(
            P.self, tables: P.tables, isKeyedByStream: projection.key.text == nil, largestBatch: 1000)
    }

    package func key(of input: P.Input, in stream: StreamName) -> String? {
        projection.key.text?(input).asEventKey ?? stream.description
    }

    package func write(_ events: [RoutedEvent<P.Input>], in transaction: Transaction) async throws {
        for event in events {
            let input = try event.input.get()
            // What the projection appends in turn was caused by this event.
            try await Metadata.$ambient.withValue(try store.consequence(of: event.stored)) {
                try await projection.project(input, in: transaction)
            }
        }
        // Here, where a failure is still the batch's own, and not that of its commit.
        try await transaction.flush()
    }

    package func fill(_ place: FillPlace) -> any PartitionFill<P.Input> { StatementFill(self, at: place) }

    package var isSampled: Bool { false }
}
