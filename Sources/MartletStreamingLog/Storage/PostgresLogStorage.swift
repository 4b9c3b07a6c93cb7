package import MartletPostgres
import Synchronization

/// A streaming log's tables in one schema of one database.
package struct PostgresLogStorage: LogStorage {
    package let pool: ConnectionPool
    package let schema: SQLIdentifier
    package let signals: PartitionSignals
    let places = SequencePlaces()
    let commitPlaces = CommitPlaces()

    /// Does no I/O; the schema is made by the migrations.
    package init(_ pool: ConnectionPool, schema: SQLIdentifier) {
        (self.pool, self.schema) = (pool, schema)
        signals = PartitionSignals(of: schema, in: pool.configuration)
    }

    func rows(of sql: SQL, prepared: Bool = false) async throws(StreamingLogError) -> Rows {
        do throws(PostgresError) { return try await pool.query(sql, prepared: prepared) } catch {
            throw .database(error)
        }
    }

    /// The one column of the one row, or nil.
    func optionalNumber(in rows: Rows) throws(StreamingLogError) -> Int64? {
        guard let row = rows.first else { return nil }
        return try decoding { () throws(PostgresDecodingError) in try row.decode(column: 0) as Int64? }
    }

    /// Runs a block in a transaction; of its errors those of PostgreSQL become the log's.
    func transaction<Result: Sendable>(
        _ body: (Transaction) async throws -> Result
    ) async throws(StreamingLogError) -> Result {
        do {
            return try await pool.transaction { transaction in try await body(transaction) }
        } catch let error as StreamingLogError {
            throw error
        } catch let error as PostgresError {
            throw .database(error)
        } catch let error as PostgresDecodingError {
            throw .corrupt(error.description)
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .corrupt("\(error)")
        }
    }
}

/// Where the rows of sequences were last seen, so that they are found without their index; see "sequences".
final class SequencePlaces: Sendable {
    struct Key: Hashable {
        let producer: ProducerID
        let partition: TopicPartition
    }

    private let places = Mutex<[Key: String]>([:])

    subscript(key: Key) -> String? {
        get { places.withLock { $0[key] } }
        set {
            places.withLock { places in
                if places.count > 10_000 { places = [:] }
                places[key] = newValue
            }
        }
    }
}

func decoding<Value>(
    _ body: () throws(PostgresDecodingError) -> Value
) throws(StreamingLogError) -> Value {
    do throws(PostgresDecodingError) { return try body() } catch { throw .corrupt(error.description) }
}
