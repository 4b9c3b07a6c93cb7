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
            let consumers = try await ground.consumers()
            let consumer = try #require(consumers.consumer(named: Effects.name))
            try await ground.publishSome()
            // Whoever sends dead letters is waited for ten seconds.
            for hit in step == "sent" ? [1] : [1, 2, 5] {
                let victim = try ground.consumer(step, "\(hit)")
                defer { victim.kill() }
                let status = try await victim.end(within: .seconds(60))
                #expect(status == SIGKILL, "hit \(hit)")
            }
            let survivor = try ground.consumer()
            defer { survivor.kill() }
            let expected = try await ground.audit.expected()
            let areHandled = try await becomesTrue(within: .seconds(60)) {
                let status = try await consumer.status()
                let (effective, areSent) = (try await ground.audit.effective(), try await ground.areDeadSent())
                return status.waiting == 0 && status.dead > 0 && effective + status.dead >= expected && areSent
            }
            #expect(areHandled)
            let dead = try await consumer.status().dead
            #expect(try await ground.audit.sent(to: "counts.effects.dead") == dead)
            try await ground.audit.effects.execute("INSERT INTO cures VALUES ('all')")
            #expect(try await consumer.replayAll().replayed == dead)
            let findings = try await ground.audit.findingsOfEffects()
            #expect(findings == [:])
        }
    }

    @Test func `whatever consumer is killed or frozen, each message has its effect once and in order`() async throws {
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
    /// Fills the topic: of most keys some messages fail at first, and one key has one that fails until there is a cure.
    fileprivate func publishSome() async throws {
        for number in 1...20 {
            for key in 0..<12 {
                let text = key == 0 && number == 12 ? "poison" : number % 8 == key % 8 ? "touchy" : "text"
                try await count(key, number, text: text)
            }
        }
        let relay = Task { try await application.run() }
        defer { relay.cancel() }
        let head = try await application.store.head()
        #expect(try await application.publication(Counts.self).follower.caughtUp(to: head, within: .seconds(30)))
    }

    fileprivate func areDeadSent() async throws -> Bool {
        try await audit.count(
            of: "SELECT FROM martlet_inbox.letters WHERE unsent_consumer IS NOT NULL", in: audit.effects) == 0
    }
}

extension FixtureProcess {
    /// As ``end()``; ends it when that takes too long.
    fileprivate func end(within limit: Duration) async throws -> Int32? {
        let watch = Task {
            try await Task.sleep(for: limit)
            send(SIGTERM)
        }
        defer { watch.cancel() }
        return try await end()
    }
}
