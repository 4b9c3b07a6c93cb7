import Foundation
import Martlet
import Testing

@testable import OrderService

/// A service killed at each step of an append, held there by the server: what it had acknowledged is there once, what
/// it had not is there at most once, and sending everything again makes everything be there once.
@Suite(.tags(.database, .slow), .timeLimit(.minutes(15)))
struct KilledAppendTests {
    enum Step: String, CaseIterable {
        /// Two batches at the log's lock, the other appends in the queue behind them.
        case queued
        /// The append function has checked the versions and is about to write.
        case writing
        /// Committed, the answer not sent: the commit waits for a standby that does not exist.
        case committed
    }

    @Test(arguments: Step.allCases)
    func `a service killed in the middle of an append loses and doubles nothing`(step: Step) async throws {
        try await PrivateCluster.with { cluster in
            let application = OrderApplication.on(cluster.configuration, connections: 4)
            try await application.migrate()
            let admin = try await Connection.open(cluster.configuration)
            let (service, port) = try ServiceProgram.serving(environment: cluster.environment)
            let early = try await place(0..<10, at: port)
            #expect(early.count == 10)
            // Or else the commits of those that read them take all the connections, and no append is held.
            try await untilAllIsRead(admin)

            try await hold(step, admin, cluster)
            let late = Task { try await place(10..<50, at: port) }
            try await untilReached(step, admin)
            service.kill()
            #expect(try await service.end() == SIGKILL)
            try await release(step, admin)
            let acknowledged = try await early.union(late.value)
            try await untilNobodyElseIsBusy(admin)

            let found = try await versions(admin)
            #expect(acknowledged.isSubset(of: found.keys))
            #expect(Set(found.values).isSubset(of: [1]))
            if step == .committed { #expect(found.count > acknowledged.count) }

            let (next, nextPort) = try ServiceProgram.serving(environment: cluster.environment)
            #expect(try await place(0..<50, at: nextPort).count == 50)
            #expect(try await versions(admin).values.sorted() == Array(repeating: 1, count: 50))
            #expect(try await application.store.head() == 50)
            next.stop()
            #expect(try await next.end() == 0)
        }
    }

    /// Places orders at once and returns those that the service acknowledged.
    private func place(_ numbers: Range<Int>, at port: Int) async throws -> Set<String> {
        let service = try ServiceDestination(url: "http://127.0.0.1:\(port)")
        return try await withThrowingTaskGroup(of: String?.self) { group in
            for number in numbers {
                let order = try ImportedOrder(line: Array(orderBody("\(number)").utf8))
                group.addTask {
                    do throws(DeliveryError) { _ = try await service.deliver(order) } catch { return nil }
                    return "order-\(number)"
                }
            }
            return try await group.reduce(into: []) { if let name = $1 { $0.insert(name) } }
        }
    }

    private func untilAllIsRead(_ admin: Connection) async throws {
        let behind: SQL = """
            SELECT FROM martlet.projection_partitions
            WHERE position < (SELECT max(position) FROM martlet.events)
            """
        while try await !admin.query(behind).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    }

    private func hold(_ step: Step, _ admin: Connection, _ cluster: PrivateCluster) async throws {
        switch step {
        case .queued:
            try await admin.query("SELECT pg_advisory_lock(1297240692, ('martlet.events'::regclass)::oid::integer)")
        case .writing:
            try await admin.query("SELECT pg_advisory_lock(7, 7)")
            try await admin.execute(
                """
                CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN PERFORM pg_advisory_xact_lock(7, 7); RETURN NULL; END $$
                """)
            try await admin.execute(
                "CREATE TRIGGER hold BEFORE INSERT ON martlet.events FOR EACH STATEMENT EXECUTE FUNCTION hold()")
        case .committed:
            try await admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            try await admin.query("SELECT pg_reload_conf()")
        }
    }

    private func untilReached(_ step: Step, _ admin: Connection) async throws {
        let held: SQL =
            switch step {
            case .queued: "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted OFFSET 1"
            case .writing: "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted"
            case .committed:
                "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%martlet\".append(%'"
            }
        while try await admin.query(held).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    }

    private func release(_ step: Step, _ admin: Connection) async throws {
        switch step {
        case .queued, .writing: try await admin.query("SELECT pg_advisory_unlock_all()")
        case .committed:
            try await admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
            try await admin.query("SELECT pg_reload_conf()")
        }
    }

    /// The server finishes what the killed process had sent.
    private func untilNobodyElseIsBusy(_ admin: Connection) async throws {
        let busy: SQL = """
            SELECT FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid()
            """
        while try await !admin.query(busy).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// Each order with the number of its events.
    private func versions(_ admin: Connection) async throws -> [String: Int] {
        let rows = try await admin.query("SELECT stream_id, count(*) FROM martlet.events GROUP BY stream_id")
        return try rows.reduce(into: [:]) { counts, row in
            let (stream, count) = try row.decode(String.self, Int.self)
            counts[stream] = count
        }
    }
}
