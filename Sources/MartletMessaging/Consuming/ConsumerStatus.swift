public import FoundationEssentials
import MartletPostgres
import MartletStreamingLog

/// How a consumer is doing, in whatever processes it runs.
public struct ConsumerStatus: Codable, Hashable, Sendable {
    public enum State: String, Codable, Hashable, Sendable {
        case running
        /// By an operator.
        case paused
        /// Partitions have stopped and wait for an operator.
        case stopped
        /// What it depends on is away; it goes on by itself.
        case waiting
    }

    public struct Partition: Codable, Hashable, Sendable {
        public let topic: String
        public let partition: Int
        /// What is read next; nil when nothing was read yet.
        public let committed: Int64?
        public let end: Int64
        /// How many records are yet to be read.
        public let lag: Int64
        /// How long the first of them has stood there.
        public let lagSeconds: Double
        /// Who reads it now.
        public let member: UUID?
        /// Why it takes nothing more.
        public let stopped: String?
        /// Why the last try failed; nil when it did not.
        public let lastError: String?
    }

    public struct Outage: Codable, Hashable, Sendable {
        public let problem: String
        public let since: Date
        /// When one message is tried.
        public let nextTry: Date
    }

    public let name: String
    public let state: State
    /// Why it is paused.
    public let reason: String?
    public let partitions: [Partition]
    /// Letters that are tried again, and those behind them.
    public let waiting: Int
    /// Letters that wait for an operator.
    public let dead: Int
    public let outage: Outage?

    /// How many records are yet to be read.
    public var lag: Int64 { partitions.reduce(0) { $0 + $1.lag } }
}

extension ConsumerHandle {
    /// How the consumer is doing.
    /// - Throws: `PostgresError`, ``StreamingLogError``.
    public func status() async throws -> ConsumerStatus {
        let lags = try await surroundings.log.lag(of: surroundings.declaration.group)
        let rows = try await pool.query(
            """
            SELECT coalesce(c.state, 'running'), c.reason,
                CASE WHEN c.outage_until > clock_timestamp() - interval '2 min' THEN c.outage END,
                c.outage_since, c.outage_until, l.waiting, l.dead
            FROM (VALUES (1)) one (one) LEFT JOIN \(schema).consumers c ON c.consumer = \(name)
            CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE l.state = 'waiting') AS waiting,
                count(*) FILTER (WHERE l.state = 'dead') AS dead
                FROM \(schema).inboxes i JOIN \(schema).letters l ON l.inbox = i.inbox
                WHERE i.consumer = \(name) AND l.state IN ('waiting', 'dead')) l
            """)
        guard let row = rows.first else { throw InboxError.corrupt("expected one row, found none") }
        let (word, reason, problem, since, until, waiting, dead) = try row.decode(
            String.self, String?.self, String?.self, Date?.self, Date?.self, Int64.self, Int64.self)
        let partitions = try await partitions(lags)
        var outage: ConsumerStatus.Outage?
        if let problem, let since, let until { outage = .init(problem: problem, since: since, nextTry: until) }
        let state: ConsumerStatus.State =
            if word == "paused" {
                .paused
            } else if partitions.contains(where: { $0.stopped != nil }) {
                .stopped
            } else {
                outage == nil ? .running : .waiting
            }
        return ConsumerStatus(
            name: name, state: state, reason: reason, partitions: partitions, waiting: Int(waiting), dead: Int(dead),
            outage: outage)
    }

    private func partitions(_ lags: [PartitionLag]) async throws -> [ConsumerStatus.Partition] {
        let rows = try await pool.query(
            "SELECT topic, partition, stopped, problem FROM \(schema).inboxes WHERE consumer = \(name)")
        var found: [TopicPartition: (stopped: String?, problem: String?)] = [:]
        for row in rows {
            let (topic, number, stopped, problem) = try row.decode(
                String.self, Int32.self, String?.self, String?.self)
            found[TopicPartition(try TopicName(topic), Int(number))] = (stopped, problem)
        }
        return lags.map { lag in
            ConsumerStatus.Partition(
                topic: lag.partition.topic.description, partition: lag.partition.number,
                committed: lag.committed?.rawValue, end: lag.end.rawValue, lag: lag.records,
                lagSeconds: lag.time / .seconds(1), member: lag.member, stopped: found[lag.partition]?.stopped,
                lastError: found[lag.partition]?.problem)
        }
    }
}
