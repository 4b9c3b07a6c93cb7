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
        guard let key = projection.key(of: input) else { return nil }
        return key.description
    }

    package func write(_ events: [RoutedEvent<P.Input>], in transaction: Transaction) async throws {
        let keyOfEach = try events.map { projection.key(of: try $0.input.get()) }
        let keys = Set(keyOfEach.compactMap(\.self))
        let table = TableStatements<P.Row>()
        let before = try await table.rows(of: keys, in: transaction)
        var after = before
        for (event, key) in zip(events, keyOfEach) {
            guard let key else { continue }
            try projection.apply(try event.input.get(), to: &after[key])
        }
        try table.enqueueChanges(of: keys, from: before, to: after, in: transaction)
        try await transaction.flush()
    }
}
