import Martlet
import MartletTesting
import Testing

@testable import MartletProjections

@Suite(.tags(.database)) struct CaughtUpTests {
    /// How long the outsider waits for what it has just appended to a counter: the quarter of several tries that took the
    /// least takes no longer. Who is not told does not hear of it before the first poll.
    private func lowerQuartile(_ crowd: Crowd, tries: Int) async throws -> Duration {
        var times: [Duration] = []
        for _ in 0..<tries {
            let receipt = try await crowd.outsider.execute(.counted(by: 1), on: Counter.ID("a"))
            let begun = ContinuousClock.now
            #expect(try await crowd.projection.caughtUp(to: receipt))
            times.append(.now - begun)
        }
        return times.sorted()[tries / 4]
    }

    @Test func `who runs nothing is told, also where three partitions are idle`() async throws {
        try await Crowd.with { crowd in
            let members = [crowd.member(), crowd.member()]
            defer { for member in members { member.cancel() } }
            #expect(try await crowd.settles(at: [2, 2], within: .seconds(5)))
            let time = try await lowerQuartile(crowd, tries: 21)
            #expect(time < CatchUp.pollInterval, "\(time)")
        }
    }

    @Test func `who runs some of it is told by the others, and an idle partition does not wait`() async throws {
        try await Crowd.with { crowd in
            let member = crowd.member()
            let outsider = crowd.outsider
            let running = Task { try await outsider.run() }
            defer {
                member.cancel()
                running.cancel()
            }
            #expect(try await crowd.settles(at: [2, 2], within: .seconds(5)))
            let time = try await lowerQuartile(crowd, tries: 21)
            #expect(time < CatchUp.pollInterval, "\(time)")
        }
    }

    @Test func `without notifications a look from time to time finds it`() async throws {
        try await Crowd.with { crowd in
            // Not the whole application: it hears neither of appends nor of who waits.
            let deaf = Application(postgres: crowd.database.configuration) { SharedTotals() }
            let running = Task { try await deaf.projection(SharedTotals.self).run() }
            defer { running.cancel() }
            let receipt = try await crowd.outsider.execute(.counted(by: 1), on: Counter.ID("a"))
            #expect(try await crowd.projection.caughtUp(to: receipt, within: .seconds(10)))
        }
    }

    @Test func `nothing is said where nobody waits, or this process does it all`() async throws {
        try await Crowd.with { crowd in
            let listener = try await Connection.open(crowd.database.configuration)
            let member = crowd.member()
            defer { member.cancel() }
            #expect(try await crowd.settles(at: [4], within: .seconds(5)))
            try await listener.listen(to: "martlet_progress")
            let last = try await crowd.append(20)
            while try await crowd.projection.status().position < last { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try await listener.nextNotification(within: .milliseconds(100)) == nil)
        }
    }

    @Test func `a wait that is too short says so`() async throws {
        try await Crowd.with { crowd in
            let receipt = try await crowd.outsider.execute(.counted(by: 1), on: Counter.ID("a"))
            let begun = ContinuousClock.now
            #expect(try await !crowd.projection.caughtUp(to: receipt, within: .milliseconds(200)))
            #expect(.now - begun < .seconds(2))
        }
    }

    @Test(arguments: [
        ProgressMessage.asked("order_summaries", for: 42), .reached("order_summaries"), .claim("a name of words"),
    ])
    func `messages are read as they are written`(message: ProgressMessage) throws {
        #expect(ProgressMessage(message.text) == message)
    }

    @Test(arguments: ["", "asked", "asked x", "asked x y", "asked 99999999999999999999 y", "claim", "nonsense 1"])
    func `messages of others are none`(text: String) {
        #expect(ProgressMessage(text) == nil)
    }
}
