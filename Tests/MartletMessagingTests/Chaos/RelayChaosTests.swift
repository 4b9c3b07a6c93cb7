import Foundation
import Martlet
import MartletTesting
import Testing

/// Four processes relay while one of them is killed each second, for a minute, or as many seconds as
/// `MARTLET_CHAOS_SECONDS` says.
@Suite(.tags(.database)) struct RelayChaosTests {
    private static let seconds = Ground.askedSeconds ?? 60

    @Test(arguments: Place.allCases)
    func `whatever relay is killed, each event's messages come to stand once and in order`(place: Place) async throws {
        try await Ground.with(place) { ground in
            let end = ContinuousClock.now + .seconds(Self.seconds)
            async let load: Void = ground.load(until: end)
            var relays = try (0..<4).map { _ in try ground.relay() }
            defer { for relay in relays { relay.kill() } }
            var kills = 0
            // One more stands still for longer than its lease now and then, and comes back to what others have gone on with.
            var zombie: FixtureProcess?
            while end > .now {
                try await Task.sleep(for: .seconds(1))
                try await replaceOne(of: &relays, on: ground)
                kills += 1
                switch kills % 4 {
                case 1:
                    zombie = relays.randomElement()
                    zombie?.send(SIGSTOP)
                case 3: zombie?.send(SIGCONT)
                default: break
                }
            }
            zombie?.send(SIGCONT)
            try await load
            let expected = try await ground.audit.expected()
            _ = try await becomesTrue(within: .seconds(60)) { try await ground.audit.sent() >= expected }
            for relay in relays { relay.kill() }
            let findings = try await ground.audit.findingsOfTopic()
            #expect(findings == [:])
            // Of what use would it be if nothing had come to pass?
            #expect(expected > Self.seconds * 20 && kills > Self.seconds / 3, "\(expected), \(kills)")
        }
    }

    /// Kills one and starts another in its stead.
    private func replaceOne(of relays: inout [FixtureProcess], on ground: Ground) async throws {
        let index = Int.random(in: relays.indices)
        #expect(relays[index].isRunning)
        relays[index].kill()
        let status = try await relays[index].end()
        #expect(status == SIGKILL)
        relays[index] = try ground.relay()
    }
}
