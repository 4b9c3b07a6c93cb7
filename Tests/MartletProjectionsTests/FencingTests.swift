import FoundationEssentials
import Martlet
import MartletEventStore
import MartletPostgres
import MartletTesting
import Testing

@testable import MartletProjections

@Suite(.tags(.database)) struct FencingTests {
    private func claims(_ crowd: Crowd, lease: Duration = .seconds(5)) async throws -> Claims {
        let surroundings = crowd.projection.surroundings
        let target = try await Builds(crowd.projection.writer.declaration, surroundings).live()
        return Claims(
            projection: SharedTotals.name, target: target, member: UUID(), lease: lease, pool: crowd.outsider.pool)
    }

    private func move(_ crowd: Crowd, _ claims: Claims, _ lease: PartitionLease, by count: Int64) async throws {
        let checkpoint = Checkpoint(target: claims.target, partition: lease.partition, epoch: lease.epoch)
        try await crowd.outsider.pool.transaction { transaction in
            _ = try await checkpoint.move(
                from: lease.position, to: GlobalPosition(rawValue: lease.position.rawValue + count), seen: [],
                in: transaction)
        }
    }

    @Test func `whoever has lost the lease cannot commit, though nobody has moved since`() async throws {
        try await Crowd.with { crowd in
            try await crowd.append(8)
            let zombie = try await claims(crowd, lease: .milliseconds(1))
            let lost = try #require(try await zombie.claim().leases.first)
            try await Task.sleep(for: .milliseconds(5))
            let successor = try await claims(crowd)
            let taken = try #require(try await successor.claim().leases.first { $0.partition == lost.partition })
            #expect(taken.epoch > lost.epoch)
            #expect(taken.position == lost.position)
            await #expect(throws: Checkpoint.Fenced.self) { try await move(crowd, zombie, lost, by: 4) }
            // What it had is not its to give back, either.
            try await zombie.release([lost])
            #expect(try await successor.claim().leases.contains(taken))
            try await move(crowd, successor, taken, by: 4)
        }
    }

    @Test func `a lease that ended without a move makes the next one careful; one that was given back does not`()
        async throws
    {
        try await Crowd.with { crowd in
            let first = try await claims(crowd, lease: .milliseconds(1))
            #expect(try await first.claim().leases.map(\.isSuspect) == [false, false, false, false])
            try await Task.sleep(for: .milliseconds(5))
            let second = try await claims(crowd)
            let leases = try await second.claim().leases
            #expect(leases.map(\.isSuspect) == [true, true, true, true])
            try await second.leave()
            try await second.release(leases)
            let third = try await claims(crowd)
            #expect(try await third.claim().leases.map(\.isSuspect) == [false, false, false, false])
        }
    }

    @Test func `members that claim at the same moment get their shares, and no partition twice`() async throws {
        try await Crowd.with { crowd in
            for _ in 0..<10 {
                let claims = [try await claims(crowd), try await claims(crowd), try await claims(crowd)]
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for claims in claims {
                        group.addTask {
                            for _ in 0..<3 {
                                let answer = try await claims.claim()
                                try await claims.release(Array(answer.leases.dropFirst(answer.share)))
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                var held: [PartitionLease] = []
                for claims in claims { held += try await claims.claim().leases }
                #expect(held.map(\.partition).sorted() == [0, 1, 2, 3])
                for claims in claims {
                    try await claims.leave()
                    try await claims.release(try await heldBy(claims, in: held, crowd))
                }
            }
        }
    }

    private func heldBy(
        _ claims: Claims, in leases: [PartitionLease], _ crowd: Crowd
    ) async throws -> [PartitionLease] {
        let rows = try await crowd.outsider.pool.query(
            "SELECT partition FROM martlet.projection_leases WHERE member = \(claims.member)")
        let partitions = try rows.map { row in try row.decode(Int16.self) }
        return leases.filter { partitions.contains(Int16($0.partition)) }
    }

    @Test func `once a pause returns nothing moves, and a resume goes on at once`() async throws {
        try await Crowd.with(lease: .seconds(30)) { crowd in
            let members = [crowd.member(), crowd.member()]
            defer { for member in members { member.cancel() } }
            #expect(try await crowd.settles(at: [2, 2], within: .seconds(5)))
            let appending = Task { try await crowd.append(200) }
            try await Task.sleep(for: .milliseconds(50))
            try await crowd.projection.pause(because: "a test")
            let stopped = try await positions(crowd)
            #expect(try await crowd.projection.status().state == .paused(reason: "a test"))
            let last = try await appending.value
            #expect(try await positions(crowd) == stopped)
            #expect(try await crowd.shares() == [])
            try await crowd.projection.resume()
            let begun = ContinuousClock.now
            #expect(try await crowd.projection.caughtUp(to: last, within: .seconds(10)))
            // A heartbeat would take ten seconds.
            #expect(.now - begun < .seconds(5))
            #expect(try await crowd.total() == 200)
        }
    }

    private func positions(_ crowd: Crowd) async throws -> [GlobalPosition] {
        try await crowd.projection.status().partitions.map(\.position)
    }

    @Test func `a version that is not the live one does not run`() async throws {
        try await Crowd.with { crowd in
            try await crowd.append(8)
            try await crowd.execute("UPDATE martlet.projection_builds SET version = 2")
            let member = crowd.member()
            defer { member.cancel() }
            #expect(try await !crowd.projection.caughtUp(to: 8, within: .milliseconds(500)))
            #expect(try await crowd.projection.status().state == .awaitingRebuild(live: 2, declared: 1))
            #expect(try await crowd.total() == 0)
        }
    }

    @Test(arguments: [4, 8]) func `an event that did not come to stand in the log has no effect`(
        position: Int64
    ) async throws {
        try await Crowd.with { crowd in
            try await crowd.append(8)
            let claims = try await claims(crowd)
            let lease = try #require(try await claims.claim().leases.first)
            let read = try await crowd.outsider.store.logPage(after: .start, limit: 8)
            // As after a failover to a server that had not got it yet.
            try await crowd.execute(
                "UPDATE martlet.events SET event_id = gen_random_uuid() WHERE position = \(position)")
            let checkpoint = Checkpoint(target: claims.target, partition: lease.partition, epoch: lease.epoch)
            await #expect(throws: Checkpoint.Fenced.self) {
                try await crowd.outsider.pool.transaction { transaction in
                    _ = try await checkpoint.move(
                        from: .start, to: 8, seen: [read[3], read[7]], in: transaction)
                }
            }
        }
    }

    @Test func `what was read of a log that is gone is read again, though the log goes on behind it`() async throws {
        try await Crowd.with { crowd in
            let events = (0..<1200).map { _ in Counter.Event.counted(by: 1) }
            for part in 0..<4 {
                try await crowd.outsider.store.append(
                    Array(events[(part * 300)..<(part * 300 + 300)]), to: Counter.ID("a"), expecting: .any)
            }
            let claims = try await claims(crowd)
            let surroundings = crowd.projection.surroundings
            let writer = StatementWriter(SharedTotals(), store: crowd.outsider.store)
            let pages = LogPages(writer, crowd.outsider.store, partitions: SharedTotals.partitions)
            let first = try await pages.pages(after: .start, since: 0)
            try #require(first.count == 1 && first[0].through < 1200)
            let number = first[0].events[0].partition
            let lease = try #require(try await claims.claim().leases.first { $0.partition == number })
            var through = first[0].through
            while through < 1200 {
                through = try #require(try await pages.pages(after: through, since: 0).last).through
            }
            try #require(try await pages.pages(after: .start, since: 0).count > 1)
            // As after a failover to a server that had got some of them only, and others since.
            try await crowd.execute(
                """
                UPDATE martlet.events SET event_id = gen_random_uuid(), payload = '{"by":2}'
                WHERE position BETWEEN 401 AND \(first[0].through.rawValue)
                """)
            var worker = PartitionWorker(
                writer, surroundings, claims.target, PartitionTenure(lease), pages, upTo: 1200)
            let end = try await worker.run()
            let total = try await crowd.total()
            #expect(total == 1200 + Int(first[0].through.rawValue) - 400, "\(end)")
        }
    }

    @Test func `a resume gives an event new tries that has ended its process`() async throws {
        try await Crowd.with { crowd in
            try await crowd.execute("UPDATE martlet.projection_partitions SET tried_position = 3, tries = 5")
            #expect(try await claims(crowd, lease: .milliseconds(1)).claim().leases.allSatisfy(\.isSuspect))
            try await crowd.projection.pause()
            try await crowd.projection.resume()
            #expect(try await !claims(crowd).claim().leases.contains(where: \.isSuspect))
        }
    }
}
