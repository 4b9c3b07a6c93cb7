import Foundation
import Martlet
import MartletTesting
import Testing

/// Four processes relay while one of them is killed each second, for 20 seconds, or as many as `MARTLET_CHAOS_SECONDS`
/// says.
@Suite(.tags(.database)) struct RelayChaosTests {
    @Test(arguments: Place.allCases)
    func `whatever relay is killed, each event's messages come to stand once and in order`(place: Place) async throws {
        try await Ground.with(place) { ground in
            let end = ContinuousClock.now + .seconds(Ground.seconds)
            async let load: Void = ground.load(until: end)
            var relays = try (0..<4).map { _ in try ground.relay() }
            defer { for relay in relays { relay.kill() } }
            var kills = 0
            while end > .now {
                // One more that stands still for longer than its lease, and comes back to what others have gone on with.
                let zombie = kills.isMultiple(of: 3) ? relays.randomElement() : nil
                zombie?.send(SIGSTOP)
                try await Task.sleep(for: .seconds(1))
                kills += try await replaceOne(of: &relays, on: ground)
                if zombie != nil { try await Task.sleep(for: .milliseconds(500)) }
                zombie?.send(SIGCONT)
            }
            try await load
            let expected = try await ground.audit.expected()
            _ = try await becomesTrue(within: .seconds(60)) { try await ground.audit.sent() >= expected }
            for relay in relays { relay.kill() }
            let findings = try await ground.audit.findingsOfTopic()
            #expect(findings == [:])
            // Of what use would it be if nothing had come to pass?
            #expect(expected > Ground.seconds * 20 && kills > Ground.seconds / 3, "\(expected), \(kills)")
        }
    }

    /// Kills one and starts another in its stead; returns how many were killed.
    private func replaceOne(of relays: inout [FixtureProcess], on ground: Ground) async throws -> Int {
        let index = Int.random(in: relays.indices)
        #expect(relays[index].isRunning)
        relays[index].kill()
        let status = try await relays[index].end()
        #expect(status == SIGKILL)
        relays[index] = try ground.relay()
        return 1
    }
}
