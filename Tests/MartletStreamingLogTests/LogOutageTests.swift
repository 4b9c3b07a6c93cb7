import Martlet
import MartletPostgres
import MartletTesting
import Synchronization
import Testing

@testable import MartletStreamingLog

@Suite(.tags(.database)) struct LogOutageTests {
    /// Ends the database's other sessions, one at random twenty times a second, until it is cancelled or six seconds have
    /// passed: on a starved machine nothing would ever get through.
    private func endSessions(of database: ThrowawayDatabase) async throws -> Int {
        let killer = try await Connection.open(database.configuration)
        var ended = 0
        let end = ContinuousClock.now + .seconds(6)
        while !Task.isCancelled, ContinuousClock.now < end {
            ended += try await killer.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                AND backend_type = 'client backend' ORDER BY random() LIMIT 1
                """
            ).count
            do { try await Task.sleep(for: .milliseconds(50)) } catch { break }
        }
        return ended
    }

    private final class Acknowledged: Sendable {
        private let state = Mutex<[String: RecordPlace]>([:])

        var places: [String: RecordPlace] { state.withLock(\.self) }

        func add(_ name: String, _ place: RecordPlace) { state.withLock { $0[name] = place } }
    }

    /// Sends one record after the other, and none again.
    @Sendable private func send(
        _ count: Int, as number: Int, _ log: EmbeddedLog, _ acknowledged: Acknowledged
    ) async throws {
        let id: ProducerID? = number.isMultiple(of: 2) ? "p\(number)" : nil
        let producer = try await persisting { () async throws(StreamingLogError) in
            try await log.producer(id, epoch: nil)
        }
        for round in 0..<count {
            let name = "\(number) \(round)"
            do throws(StreamingLogError) {
                acknowledged.add(name, try await producer.send(Record("key \(number)", name), to: "orders"))
            } catch {
                guard error.isPassing else { throw error }
            }
        }
    }

    @Test func `what is acknowledged in a storm of ended sessions is there once, the rest at most once`() async throws {
        try await ThrowawayDatabase.with { database in
            let log = EmbeddedLog(postgres: database.configuration)
            try await log.migrate()
            try await log.create(Topic("orders", partitions: 4))
            let storm = Task { try await endSessions(of: database) }
            let acknowledged = Acknowledged()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask { try await send(60, as: number, log, acknowledged) }
                }
                try await group.waitForAll()
            }
            storm.cancel()
            #expect(try await storm.value > 0)
            // By sessions that nobody has ended just now.
            let found = try await EmbeddedLog(postgres: database.configuration).records(in: "orders")
            let byName = Dictionary(grouping: found.joined()) { $0.text ?? "" }
            #expect(byName.values.allSatisfy { $0.count == 1 })
            let known = acknowledged.places
            #expect(known.count > 400)
            for (name, place) in known {
                #expect(byName[name]?.first?.partition == place.partition)
                // One that was sent again after its answer was lost has none.
                #expect(place.offset == nil || byName[name]?.first?.offset == place.offset)
            }
            for records in found {
                #expect(records.map(\.offset.rawValue) == Array(0..<Int64(records.count)))
                for own in Dictionary(grouping: records, by: \.keyText).values {
                    let rounds = own.compactMap { $0.text?.split(separator: " ").last.flatMap { Int($0) } }
                    #expect(rounds == rounds.sorted())
                }
            }
        }
    }

    @Test func `a record whose session ends while it is written is appended once`() async throws {
        try await ThrowawayDatabase.with { database in
            let log = EmbeddedLog(postgres: database.configuration)
            try await log.migrate()
            try await log.create(Topic("orders", partitions: 1))
            // The first statement that writes ends its own session.
            try await Connection.open(database.configuration).run(
                script: """
                    CREATE SEQUENCE statements;
                    CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                        IF nextval('statements') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
                        RETURN NULL;
                    END $$;
                    CREATE TRIGGER hang_up AFTER INSERT ON martlet_log.records_1_1
                    FOR EACH STATEMENT EXECUTE FUNCTION hang_up();
                    """)
            let producer = try await log.producer()
            try await producer.send([Record("a", "1"), Record("a", "2")], to: "orders")
            try await producer.send(Record("a", "3"), to: "orders")
            #expect(try await log.records(in: "orders")[0].map(\.text) == ["1", "2", "3"])
        }
    }
}
