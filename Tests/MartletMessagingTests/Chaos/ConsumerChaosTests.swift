import Foundation
import Martlet
import MartletMessaging
import MartletTesting
import Testing

/// Consumers that die, at every step and at any time.
@Suite(.tags(.database)) struct ConsumerChaosTests {
    @Test(arguments: ["received", "handled", "committed", "acknowledged", "counted", "sent"])
    func `wherever a consumer dies, each message has its effect once and in order`(step: String) async throws {
        try await Ground.with(.own) { ground in
            _ = try await ground.consumers()
            try await ground.publishSome(1...20)
            // Whoever sends dead letters is waited for ten seconds, and the log is told at most four times a second.
            for hit in step == "sent" ? [1] : step == "acknowledged" ? [1, 1, 2] : [1, 2, 5] {
                let victim = try ground.consumer(step, "\(hit)", "\(SIGKILL)")
                let status = try await victim.end(within: .seconds(60))
                #expect(status == SIGKILL, "hit \(hit)")
            }
            let survivor = try ground.consumer()
            defer { survivor.kill() }
            try await ground.expectAllOnce()
        }
    }

    @Test(arguments: ["received", "handled", "committed", "acknowledged", "counted", "sent"])
    func `wherever a consumer stands still until another has gone on, each message has its effect once and in order`(
        step: String
    ) async throws {
        try await Ground.with(.own) { ground in
            _ = try await ground.consumers()
            try await ground.publishSome(1...20)
            // Not the first page of a partition, so that it believes to know how the inbox stands; and when it goes on, it
            // believes for some seconds that its leases are its own.
            let hit = ["counted", "sent"].contains(step) ? "1" : "6"
            let zombie = try ground.consumer(step, hit, "\(SIGSTOP)", "60")
            defer { zombie.kill() }
            #expect(try await becomesTrue(within: .seconds(60)) { try zombie.isFrozen() })
            try await ground.freeLeases()
            let other = try ground.consumer()
            defer { other.kill() }
            #expect(try await becomesTrue(within: .seconds(60)) { try await ground.isAllHandled() })
            zombie.send(SIGCONT)
            try await ground.publishSome(21...30)
            try await ground.expectAllOnce()
            #expect(zombie.isRunning)
        }
    }

    @Test func `consumers that are killed, frozen and robbed of their leases have each effect once and in order`()
        async throws
    {
        try await Ground.with(.own) { ground in
            _ = try await ground.consumers()
            let relay = Task { try await ground.application.run() }
            defer { relay.cancel() }
            let end = ContinuousClock.now + .seconds(Ground.seconds)
            let torments = try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask {
                    try await ground.load(until: end)
                    return 0
                }
                for _ in 0..<2 { group.addTask { try await torment(ground, until: end) } }
                group.addTask {
                    try await stealLeases(ground, until: end)
                    return 0
                }
                return try await group.reduce(0, +)
            }
            let survivor = try ground.consumer()
            defer { survivor.kill() }
            let expected = try await ground.audit.expected()
            _ = try await becomesTrue(within: .seconds(60)) { try await ground.audit.effective() >= expected }
            survivor.kill()
            let findings = try await ground.audit.findingsOfEffects()
            #expect(findings == [:])
            #expect(expected > Ground.seconds * 20 && torments > Ground.seconds / 2, "\(expected), \(torments)")
        }
    }

    /// Has partitions change hands while who had them goes on.
    private func stealLeases(_ ground: Ground, until end: ContinuousClock.Instant) async throws {
        while end > .now {
            try await Task.sleep(for: .milliseconds(Int.random(in: 200...600)))
            try await ground.freeLeases()
        }
    }

    /// A consumer that is killed now and then and started again, or frozen for longer than its lease; returns how often.
    private func torment(_ ground: Ground, until end: ContinuousClock.Instant) async throws -> Int {
        var (process, count) = (try ground.consumer(), 0)
        defer { process.kill() }
        while end > .now {
            try await Task.sleep(for: .milliseconds(Int.random(in: 300...1500)))
            #expect(process.isRunning)
            count += 1
            if Int.random(in: 0..<3) > 0 {
                process.kill()
                _ = try await process.end()
                process = try ground.consumer()
            } else {
                process.send(SIGSTOP)
                try await Task.sleep(for: .milliseconds(Int.random(in: 1200...2500)))
                process.send(SIGCONT)
            }
        }
        return count
    }
}

extension Ground {
    /// Has all leases of groups run out, as a jump of the server's clock does.
    fileprivate func freeLeases() async throws {
        try await application.pool.transaction { transaction in
            // As who claims does, so that no two wait for each other.
            try await transaction.query("SELECT FROM martlet_log.groups FOR UPDATE")
            try await transaction.execute("DELETE FROM martlet_log.group_members")
            try await transaction.execute(
                "UPDATE martlet_log.group_leases SET member = NULL, leased_until = '-infinity'")
        }
    }

    /// Fills the topic: of most keys some messages fail at first, and one key has one that fails until there is a cure.
    fileprivate func publishSome(_ numbers: ClosedRange<Int>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for key in 0..<12 {
                group.addTask {
                    for number in numbers {
                        let text = key == 0 && number == 12 ? "poison" : number % 8 == key % 8 ? "touchy" : "text"
                        try await count(key, number, text: text)
                    }
                }
            }
            try await group.waitForAll()
        }
        let relay = Task { try await application.run() }
        defer { relay.cancel() }
        let head = try await application.store.head()
        #expect(try await application.publication(Counts.self).follower.caughtUp(to: head, within: .seconds(30)))
    }

    /// Whether every message has had its effect or is a dead letter, and the dead ones are in their topic.
    fileprivate func isAllHandled() async throws -> Bool {
        let open = try await audit.count(
            of: "SELECT FROM martlet_inbox.letters WHERE state = 'waiting' OR unsent_consumer IS NOT NULL",
            in: audit.effects)
        guard open == 0 else { return false }
        let (effective, dead) = (try await audit.effective(), try await dead())
        let expected = try await audit.expected()
        return dead > 0 && effective + dead >= expected
    }

    private func dead() async throws -> Int {
        try await audit.count(of: "SELECT FROM martlet_inbox.letters WHERE state = 'dead'", in: audit.effects)
    }

    /// Has the dead letters replayed by an operator once all else is done.
    fileprivate func expectAllOnce() async throws {
        #expect(try await becomesTrue(within: .seconds(60)) { try await isAllHandled() })
        let dead = try await dead()
        let sent = try await audit.sent(to: "counts.effects.dead")
        #expect(sent == dead)
        try await audit.effects.execute("INSERT INTO cures VALUES ('all')")
        let consumer = try #require(try await consumers().consumer(named: Effects.name))
        let replayed = try await consumer.replayAll().replayed
        #expect(replayed == dead)
        let findings = try await audit.findingsOfEffects()
        #expect(findings == [:])
    }
}

extension FixtureProcess {
    /// As ``end()``; ends it otherwise when that takes too long.
    fileprivate func end(within limit: Duration) async throws -> Int32? {
        let watch = Task {
            try await Task.sleep(for: limit)
            send(SIGTERM)
        }
        defer { watch.cancel() }
        return try await end()
    }
}
