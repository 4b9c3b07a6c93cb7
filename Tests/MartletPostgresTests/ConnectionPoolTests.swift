import MartletTesting
import Testing

@testable import MartletPostgres

@Suite(.tags(.database)) struct ConnectionPoolTests {
    @Test func `200 callers share 4 connections`() async throws {
        try await ThrowawayDatabase.with { database in
            let pool = ConnectionPool(database.configuration, size: 4, patience: .seconds(60))
            let sessions = try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<200 {
                    group.addTask { try await pool.query("SELECT pg_backend_pid()")[0].decode(Int32.self) }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(sessions.count <= 4)
        }
    }

    @Test func `who waits too long is told that all connections are in use`() async throws {
        try await ThrowawayDatabase.with { database in
            let pool = ConnectionPool(database.configuration, size: 1, patience: .milliseconds(50))
            try await pool.withConnection { _ in
                let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
                #expect(error?.sqlState == .tooManyConnections)
            }
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test func `who is cancelled while waiting leaves the queue`() async throws {
        try await ThrowawayDatabase.with { database in
            let pool = ConnectionPool(database.configuration, size: 1)
            try await pool.withConnection { _ in
                let waiter = Task { try await pool.query("SELECT 1") }
                waiter.cancel()
                let error = await #expect(throws: PostgresError.self) { try await waiter.value }
                #expect(error?.sqlState == .queryCanceled)
            }
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test func `sessions that the server ended are replaced before anybody gets them`() async throws {
        try await ThrowawayDatabase.with { database in
            let pool = ConnectionPool(database.configuration, size: 3)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 { group.addTask { try await pool.query("SELECT pg_sleep(0.05)") } }
                try await group.waitForAll()
            }
            let killer = try await Connection.open(database.configuration)
            let ended = try await killer.query(
                """
                SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
                """)
            #expect(ended.count == 3)
            for _ in 0..<3 { #expect(try await pool.query("SELECT 1").count == 1) }
        }
    }

    @Test func `a server that cannot be reached is named, within the caller's patience`() async throws {
        let nowhere = try PostgresConfiguration(url: "postgres://ada@127.0.0.1:1/x")
        let pool = ConnectionPool(nowhere, size: 2, patience: .milliseconds(200))
        let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
        #expect(error?.sqlState == .unableToConnect)
        #expect(error?.isUnavailability == true)
        #expect(error?.message.contains("127.0.0.1") == true)
    }

    @Test func `a connection that is returned inside a transaction is not lent again`() async throws {
        try await ThrowawayDatabase.with { database in
            let pool = ConnectionPool(database.configuration, size: 1)
            try await pool.withConnection { _ = try await $0.query("BEGIN") }
            let state = try await pool.query("SELECT pg_current_xact_id_if_assigned() IS NULL")[0].decode(Bool.self)
            #expect(state)
            try await pool.execute("CREATE TABLE t (n int)")
            #expect(try await Connection.open(database.configuration).query("SELECT * FROM t").isEmpty)
        }
    }
}

/// The queue's rules without a socket or a clock.
struct PoolStateTests {
    @Test func `connections are opened up to the size and then waited for`() {
        var state = PoolState<String>(size: 2)
        #expect(state.request().isSlot)
        #expect(state.request().isSlot)
        #expect(state.request() == nil)
    }

    @Test func `nobody overtakes a caller who waits`() {
        var state = PoolState<String>(size: 1)
        _ = state.request()
        let first = state.wait()
        let second = state.wait()
        #expect(state.giveBack("a")?.0 == first)
        #expect(state.request() == nil)
        #expect(state.giveBack("a")?.0 == second)
        #expect(state.giveBack("a") == nil)
        #expect(state.idle == ["a"])
    }

    @Test func `a connection that is gone makes room for one more`() {
        var state = PoolState<String>(size: 1)
        _ = state.request()
        let waiter = state.wait()
        let served = state.discard()
        #expect(served?.0 == waiter)
        #expect((served.map { $0.1 }).isSlot)
        #expect(state.discard() == nil)
        #expect(state.taken == 0)
    }

    @Test func `who has been served cannot give up`() {
        var state = PoolState<String>(size: 1)
        _ = state.request()
        let waiter = state.wait()
        _ = state.giveBack("a")
        let gaveUp = state.giveUp(waiter)
        #expect(!gaveUp)
    }
}

extension PoolState<String>.Grant? {
    fileprivate var isSlot: Bool {
        if case .slot = self { true } else { false }
    }
}
