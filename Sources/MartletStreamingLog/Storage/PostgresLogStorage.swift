package import MartletPostgres
import Synchronization

/// A streaming log's tables in one schema of one database.
package struct PostgresLogStorage: LogStorage {
    package let pool: ConnectionPool
    package let schema: SQLIdentifier
    package let signals: PartitionSignals
    let places = SequencePlaces()
    /// Those that take what is appended.
    let openSegments = KnownSegments<TopicName>()
    /// Those in which records were found last.
    let readSegments = KnownSegments<TopicPartition>()
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

    /// Lays out what a statement takes; what cannot be is PostgreSQL's error.
    func layingOut<Value>(
        _ body: () throws(PostgresError) -> Value
    ) throws(StreamingLogError) -> Value {
        do throws(PostgresError) { return try body() } catch { throw .database(error) }
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

/// A segment, by the functions that work on its table.
struct TopicSegment: Sendable {
    let topic: Int32
    let number: Int32

    var append: SQLIdentifier { ("append" as SQLIdentifier).appending("_\(topic)_\(number)") }
    var read: SQLIdentifier { ("read" as SQLIdentifier).appending("_\(topic)_\(number)") }
}

/// Segments as last heard of; what is not so any more is found out when it is used.
final class KnownSegments<Key: Hashable & Sendable>: Sendable {
    private let segments = Mutex<[Key: TopicSegment]>([:])

    subscript(key: Key) -> TopicSegment? {
        get { segments.withLock { $0[key] } }
        set { segments.withLock { $0[key] = newValue } }
    }
}

func decoding<Value>(
    _ body: () throws(PostgresDecodingError) -> Value
) throws(StreamingLogError) -> Value {
    do throws(PostgresDecodingError) { return try body() } catch { throw .corrupt(error.description) }
}
