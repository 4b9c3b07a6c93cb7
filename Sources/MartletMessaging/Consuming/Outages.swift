import MartletPostgres
import MartletProjections
import Synchronization

/// The breaker of all partitions that this process has of a consumer, and what others are told of it.
final class Outages: Sendable {
    private let breaker = Mutex(OutageBreaker())
    private let backoff = Backoff(base: .seconds(1), limit: .seconds(60))
    private let consumer: String
    private let pool: ConnectionPool
    private let schema: SQLIdentifier
    private let incidents: IncidentReport

    init(consumer: String, pool: ConnectionPool, schema: SQLIdentifier, incidents: IncidentReport) {
        (self.consumer, self.pool, self.schema, self.incidents) = (consumer, pool, schema, incidents)
    }

    func admit() -> OutageBreaker.Answer { breaker.withLock { $0.admit(at: .now) } }

    func withdrew(_ pass: OutageBreaker.Pass) { breaker.withLock { $0.withdrew(pass, at: .now) } }

    /// The message was handled, or failed for a reason of its own.
    func succeeded(_ pass: OutageBreaker.Pass) async {
        guard breaker.withLock({ $0.succeeded(pass) }) else { return }
        await note(
            """
            UPDATE \(schema).consumers SET outage = NULL, outage_since = NULL, outage_until = NULL
            WHERE consumer = \(consumer)
            """)
    }

    func failed(_ pass: OutageBreaker.Pass, because problem: String) async {
        let backoff = backoff
        let delay = breaker.withLock { $0.failed(pass, at: .now) { backoff.delay(after: $0) } }
        guard let delay else { return }
        if !pass.isTrial {
            incidents.tell(
                ProjectionIncident(kind: .waitsForDependency, of: .consumer, projection: consumer, problem: problem))
        }
        await note(
            """
            INSERT INTO \(schema).consumers AS c (consumer, outage, outage_since, outage_until)
            VALUES (\(consumer), \(problem), clock_timestamp(),
                clock_timestamp() + \(delay.inMicroseconds) * interval '1 microsecond')
            ON CONFLICT ON CONSTRAINT consumers_pkey DO UPDATE
            SET outage = EXCLUDED.outage, outage_since = coalesce(c.outage_since, EXCLUDED.outage_since),
                outage_until = EXCLUDED.outage_until
            """)
    }

    /// For whoever asks how the consumer is; that it cannot be told changes nothing about what is done.
    private func note(_ sql: SQL) async {
        do throws(PostgresError) { try await pool.query(sql) } catch {}
    }
}
