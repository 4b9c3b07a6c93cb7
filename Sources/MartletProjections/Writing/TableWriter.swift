import MartletDomain
import MartletEventStore
import MartletPostgres

/// Folds a batch of events into the rows that they change, and writes those that came out otherwise.
package struct TableWriter<P: TableProjection>: ReadModelWriter {
    private let projection: P
    package let declaration: ReadModelDeclaration

    package init(_ projection: P) {
        self.projection = projection
        declaration = ReadModelDeclaration(
            P.self, tables: [P.Row.table.readModelTable], isKeyedByStream: false, largestBatch: 5000)
    }

    package func key(of input: P.Input, in stream: StreamName) -> String? {
        projection.key(of: input).map(\.description)
    }

    package func write(_ events: [RoutedEvent<P.Input>], in transaction: Transaction) async throws {
        let changes = try events.compactMap { event in
            let input = try event.input.get()
            return projection.key(of: input).map { (key: $0, input: input) }
        }
        let table = TableStatements<P.Row>()
        let keys = Set(changes.map(\.key))
        let before = try await table.rows(of: keys, in: transaction)
        var after = before
        for (key, input) in changes {
            var row = after[key]
            try projection.apply(input, to: &row)
            after[key] = row
        }
        try table.enqueueChanges(of: keys, from: before, to: after, in: transaction)
        try await transaction.flush()
    }

    package func fill(_ place: FillPlace) -> any PartitionFill<P.Input> { RowFill(projection, at: place) }

    package var isSampled: Bool { true }
}
