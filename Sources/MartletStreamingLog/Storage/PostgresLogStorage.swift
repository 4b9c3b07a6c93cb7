package import MartletPostgres
import Synchronization

/// A streaming log's tables in one schema of one database.
package struct PostgresLogStorage: LogStorage {
    package let pool: ConnectionPool
    package let schema: SQLIdentifier
    package let signals: PartitionSignals
    let places = LastSeen<SequenceKey, String>()
    let openSegments = LastSeen<TopicName, OpenSegment>()
    /// Those in which records were found last.
    let readSegments = LastSeen<TopicPartition, TopicSegment>()
    let commitPlaces = LastSeen<CommitKey, String>()

    /// Does no I/O; the schema is made by the migrations.
    package init(_ pool: ConnectionPool, schema: SQLIdentifier) {
        (self.pool, self.schema) = (pool, schema)
        signals = PartitionSignals(of: schema, in: pool.configuration)
    }

    func rows(of sql: SQL) async throws(StreamingLogError) -> Rows {
        do throws(PostgresError) { return try await pool.query(sql) } catch { throw .database(error) }
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

/// Whose sequences a row holds, and of which partition; see "sequences".
struct SequenceKey: Hashable, Sendable {
    let producer: ProducerID
    let partition: TopicPartition
}

/// Whose committed offset a row holds, and of which partition; see "group_offsets".
struct CommitKey: Hashable, Sendable {
    let group: GroupName
    let partition: TopicPartition
}

/// A segment, by the functions that work on its table.
struct TopicSegment: Sendable {
    let topic: Int32
    let number: Int32

    var append: SQLIdentifier { ("append" as SQLIdentifier).appending("_\(topic)_\(number)") }
    var read: SQLIdentifier { ("read" as SQLIdentifier).appending("_\(topic)_\(number)") }
}

/// What takes what is appended to a topic.
struct OpenSegment: Sendable {
    let segment: TopicSegment
    let isCompacted: Bool
}

/// What was last seen of the log's tables: where rows stand, so that they are found without their index, and which
/// segments are used. What is not so any more is found out when it is used; what is forgotten is looked up again.
final class LastSeen<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let values = Mutex<[Key: Value]>([:])

    subscript(key: Key) -> Value? {
        get { values.withLock { $0[key] } }
        set {
            values.withLock { values in
                if values.count > 10_000 { values = [:] }
                values[key] = newValue
            }
        }
    }
}

func decoding<Value>(
    _ body: () throws(PostgresDecodingError) -> Value
) throws(StreamingLogError) -> Value {
    do throws(PostgresDecodingError) { return try body() } catch { throw .corrupt(error.description) }
}
