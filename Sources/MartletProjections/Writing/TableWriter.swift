import MartletDomain
import MartletEventStore
import MartletPostgres

/// Folds a batch of events into the rows that they change, and writes those that came out otherwise.
package struct TableWriter<P: TableProjection>: ReadModelWriter {
    private let projection: P
    private let statements: TableStatements<P.Row>
    package var declaration: ReadModelDeclaration

    package init(_ projection: P) {
        self.projection = projection
        statements = TableStatements(P.Row.table)
        declaration = ReadModelDeclaration(
            P.self, tables: [statements.table.readModelTable], isKeyedByStream: P.isKeyedByStream,
            largestBatch: 5000)
    }

    package func key(of input: P.Input, in stream: StreamName) -> String? {
        guard let key = projection.key(of: input) else { return nil }
        return P.isKeyedByStream ? stream.description : key.keyText.asEventKey
    }

    package func write(_ events: [RoutedEvent<P.Input>], in transaction: Transaction) async throws {
        var changes: [(key: P.Row.Key, input: P.Input)] = []
        var (keys, known): ([P.Row.Key], Set<ExactText>) = ([], [])
        for event in events {
            let input = try event.input.get()
            guard let key = projection.key(of: input) else { continue }
            changes.append((key, input))
            if known.insert(ExactText(key.keyText)).inserted { keys.append(key) }
        }
        let before = try await statements.rows(of: keys, in: transaction)
        var after = before
        for (key, input) in changes { try projection.fold(input, into: &after[key], at: key) }
        try statements.enqueueChanges(of: keys, from: before, to: after, in: transaction)
        try await transaction.flush()
    }

    package var passesErrorsOn: Bool { true }

    package func fill(_ place: FillPlace) -> any PartitionFill<P.Input> { RowFill(projection, at: place) }

    package var isSampled: Bool { true }
}

extension TableProjection {
    /// Applies an event to the row of its key.
    /// - Throws: what the projection throws; an error when it leaves a row of another key.
    package func fold(_ input: Input, into row: inout Row?, at key: Row.Key) throws {
        try apply(input, to: &row)
        // By what the database tells apart: a time comes back from it rounded, and is the same key.
        if let found = row?.key.keyText, !found.hasSameBytes(as: key.keyText) {
            throw ForeignRow(table: Row.table.name.name, expected: key.keyText, found: found)
        }
    }
}
