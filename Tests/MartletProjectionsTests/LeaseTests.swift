import Martlet
import MartletTesting
import Testing

@testable import MartletProjections

@Suite(.tags(.database)) struct LeaseTests {
    @Test func `partitions are spread evenly, and again whenever a member comes or goes`() async throws {
        try await Crowd.with(lease: .seconds(30)) { crowd in
            let first = crowd.member()
            defer { first.cancel() }
            #expect(try await crowd.settles(at: [4], within: .seconds(5)))
            // Long before the leases end, or are even renewed: those who come and go say so.
            let second = crowd.member()
            defer { second.cancel() }
            #expect(try await crowd.settles(at: [2, 2], within: .seconds(5)))
            let third = crowd.member()
            defer { third.cancel() }
            #expect(try await crowd.settles(at: [1, 1, 2], within: .seconds(5)))
            first.cancel()
            _ = await first.result
            #expect(try await crowd.settles(at: [2, 2], within: .seconds(5)))
            second.cancel()
            third.cancel()
            _ = await (second.result, third.result)
            #expect(try await crowd.shares() == [])
            let left = try await crowd.outsider.pool.query("SELECT count(*) FROM martlet.projection_members")[0]
            #expect(try left.decode(Int.self) == 0)
        }
    }

    @Test func `what a vanished member had is taken over when its lease has run out, and no earlier`() async throws {
        try await Crowd.with { crowd in
            try await crowd.execute(
                """
                INSERT INTO martlet.projection_members
                SELECT build, clock_timestamp() + interval '1 s', '00000000-0000-0000-0000-000000000001'
                FROM martlet.projection_builds
                """)
            try await crowd.execute(
                """
                UPDATE martlet.projection_leases
                SET member = '00000000-0000-0000-0000-000000000001', leased_until = clock_timestamp() + interval '1 s'
                """)
            let begun = ContinuousClock.now
            let last = try await crowd.append(20)
            let member = crowd.member()
            defer { member.cancel() }
            #expect(try await crowd.projection.caughtUp(to: last, within: .seconds(10)))
            #expect(.now - begun > .milliseconds(900))
            // The lease, and a heartbeat.
            #expect(.now - begun < .seconds(3))
            #expect(try await crowd.total() == 20)
        }
    }

    @Test func `a partition in whose transaction somebody still is, is left alone until that has ended`() async throws {
        try await Crowd.with { crowd in
            let last = try await crowd.append(40)
            let member = try await crowd.outsider.pool.transaction { transaction in
                try await transaction.query("SELECT FROM martlet.projection_partitions WHERE partition = 2 FOR UPDATE")
                let member = crowd.member()
                #expect(try await crowd.settles(at: [3], within: .seconds(1.5)))
                return member
            }
            defer { member.cancel() }
            #expect(try await crowd.projection.caughtUp(to: last, within: .seconds(10)))
            #expect(try await crowd.total() == 40)
        }
    }

    @Test func `members that come and go, and ended sessions, neither double nor lose an event`() async throws {
        try await Crowd.with { crowd in
            let killer = try await Connection.open(crowd.database.configuration)
            var members = (0..<3).map { _ in crowd.member() }
            defer { for member in members { member.cancel() } }
            var appended = 0
            for round in 0..<40 {
                appended += try await appendSome(crowd)
                try await killer.query(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%projection_%'
                    ORDER BY random() LIMIT 1
                    """)
                guard round % 8 == 0 else { continue }
                members.removeFirst().cancel()
                members.append(crowd.member())
            }
            let head = try await crowd.outsider.store.head()
            #expect(try await crowd.projection.caughtUp(to: head, within: .seconds(30)))
            let counted = try await crowd.outsider.pool.query("SELECT count(*) FROM martlet.events")[0]
            #expect(try await crowd.total() == (try counted.decode(Int.self)))
            #expect(appended <= head.rawValue)
        }
    }

    /// Says how many certainly came through.
    private func appendSome(_ crowd: Crowd) async throws -> Int {
        var count = 0
        for number in 0..<10 {
            do throws(ExecuteError<Never>) {
                try await crowd.outsider.execute(.counted(by: 1), on: Counter.ID("\(number)"))
                count += 1
            } catch {
                guard case .failed(let failure) = error, failure.isUnavailability else { throw error }
            }
        }
        return count
    }
}
