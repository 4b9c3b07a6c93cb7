import MartletDomain
import MartletPostgres

/// Some rows of a partition, folded apart from the table, from the log's start: what the table's rows of these keys must
/// be.
///
/// Which keys, their hashes say: the lowest ones that were seen. A bound that only ever falls is kept above them, so
/// whatever is in the sample has been in it since its first event.
struct KeySample<P: TableProjection>: Sendable {
    private let projection: P
    private let size: Int
    private var rows: [ExactText: Kept] = [:]

    private struct Kept: Sendable {
        let key: P.Row.Key
        let eventKey: String
        /// Of the events' key.
        let hash: UInt64
        var row: P.Row?
    }

    private var bound = UInt64.max
    /// Keys and streams with an event that cannot be folded or written: the table waits there, and the sample says
    /// nothing.
    private var excluded: Set<String> = []
    private var hasLeftOut = false

    init(_ projection: P, size: Int) {
        (self.projection, self.size) = (projection, size)
    }

    mutating func take(_ events: [RoutedEvent<P.Input>]) {
        guard size > 0 else { return }
        for event in events {
            if case .failure = event.input {
                exclude([event.stored.stream.description])
            } else if event.key.stableHash <= bound {
                take(event)
            } else {
                hasLeftOut = true
            }
        }
    }

    /// Says nothing of the rows of these events' keys.
    mutating func exclude(_ keys: Set<String>) {
        guard !keys.isSubset(of: excluded) else { return }
        excluded.formUnion(keys)
        hasLeftOut = true
        rows = rows.filter { !keys.contains($0.value.eventKey) }
    }

    private mutating func take(_ event: RoutedEvent<P.Input>) {
        guard case .success(let input) = event.input, let key = projection.key(of: input) else { return }
        guard excluded.isEmpty || !excluded.contains(event.key) else { return }
        let text = ExactText(key.keyText)
        var row = rows[text]?.row
        do { try projection.fold(input, into: &row, at: key) } catch { return exclude([event.key]) }
        rows[text] = Kept(key: key, eventKey: event.key, hash: event.key.stableHash, row: row)
        if rows.count > size { lowerBound() }
    }

    private mutating func lowerBound() {
        hasLeftOut = true
        while rows.count > size, bound > 0 {
            bound /= 2
            rows = rows.filter { $0.value.hash <= bound }
        }
    }

    /// Compares with the table that the transaction finds, as both are written: Swift may know more of a value than a
    /// column keeps.
    func check(in transaction: Transaction) async throws -> SampleVerdict {
        let found = try await TableStatements(P.Row.table).rows(of: rows.values.map(\.key), in: transaction)
        var verdict = SampleVerdict(keys: rows.count, hasLeftOut: hasLeftOut)
        for (text, kept) in rows where try written(found[kept.key]) != written(kept.row) {
            verdict.different.append(text.text)
        }
        verdict.different.sort()
        return verdict
    }

    private func written(_ row: P.Row?) throws(PostgresError) -> [UInt8]? {
        guard let row else { return nil }
        var bytes: [UInt8] = []
        try P.Row.table.appendToCopy(row, &bytes)
        return bytes
    }
}
