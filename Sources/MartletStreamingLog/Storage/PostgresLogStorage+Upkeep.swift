import MartletPostgres

extension PostgresLogStorage {
    /// Each step is a transaction of its own, so that nobody waits long for any; several programs may do this at once. One
    /// that fails keeps none of the others from being taken.
    package func maintain() async throws(StreamingLogError) {
        var failure: StreamingLogError?
        for topic in try await topicNumbers() {
            for function: SQLIdentifier in ["roll_segment", "drop_due_segment", "compact_segment"] {
                do throws(StreamingLogError) { try await repeating("\(schema).\(function)(\(topic))") } catch {
                    failure = failure ?? error
                }
            }
        }
        do throws(StreamingLogError) { try await repeating("\(schema).forget_producers()") } catch {
            failure = failure ?? error
        }
        if let failure { throw failure }
    }

    private func topicNumbers() async throws(StreamingLogError) -> [Int32] {
        let rows = try await rows(of: "SELECT topic FROM \(schema).topics ORDER BY topic")
        return try decoding { () throws(PostgresDecodingError) in
            var numbers: [Int32] = []
            for row in rows { numbers.append(try row.decode(Int32.self)) }
            return numbers
        }
    }

    /// Takes a function's steps until it has none left, or its topic is being deleted. One that does not get a lock in
    /// time fails; there is a next time.
    private func repeating(_ step: SQL) async throws(StreamingLogError) {
        do throws(StreamingLogError) {
            while try await isTaken(step) {}
        } catch .database(let error) where error.sqlState == .undefinedTable {}
    }

    private func isTaken(_ step: SQL) async throws(StreamingLogError) -> Bool {
        let rows = try await rows(of: "SELECT \(step)")
        guard let row = rows.first else { return false }
        return try decoding { () throws(PostgresDecodingError) in try row.decode(Bool.self) }
    }
}
