import FoundationEssentials
import Martlet
import MartletTesting
import Testing

@testable import MartletProcesses

/// What one instance has that cannot be written down keeps nothing else waiting.
@Suite(.tags(.database), .timeLimit(.minutes(15))) struct PoisonTests {
    /// An error whose words no text of the database can hold.
    struct Unspeakable: Error, CustomStringConvertible {
        var description: String { "NUL\0" + String(repeating: "x", count: 3 << 20) }
    }

    @Test func `a timer that is due since the distant past is due at once, and so are the others`() async throws {
        try await Office.with { office in
            try await office.running {
                try await office.begin(.waitUntilDistantPast, "ancient")
                try await office.wait(for: "SELECT true FROM martlet.process_instances WHERE instance = 'ancient'")
                try await office.begin(.wait(milliseconds: 10), "young")
                #expect(try await office.waitForEnd(of: "young", within: .seconds(8)) == "completed: due")
                #expect(try await office.waitForEnd(of: "ancient", within: .seconds(8)) == "completed: due")
            }
        }
    }

    @Test func `a timer that cannot be told of keeps no other timer waiting`() async throws {
        try await Office.with { office in
            try await office.begin(.wait(milliseconds: 0), "closed")
            try await office.application.store.close(Journal<Chores>.ID("closed"), expecting: .any)
            try await office.running {
                try await office.wait(for: "SELECT true FROM martlet.process_timers WHERE instance = 'closed'")
                try await office.begin(.wait(milliseconds: 10), (0..<20).map { "k\($0)" })
                try await office.wait(
                    for: "SELECT count(*) = 20 FROM martlet.process_instances WHERE status = 'completed'",
                    within: .seconds(8))
            }
            #expect(try await office.journalled("timerDue") == 20)
        }
    }

    @Test func `an undo that fails with words that cannot be stored is parked`() async throws {
        let policy = CallPolicy(attempts: 3, pause: .milliseconds(300), longestPause: .milliseconds(300))
        let clerk = Clerk(policy) { request, _ in
            if request.hasPrefix("undo") { throw Unspeakable() }
            throw Busy()
        }
        try await Office.with(clerk) { office in
            try await office.running {
                try await office.begin(.work)
                try await office.wait(for: "SELECT true FROM martlet.process_effects WHERE attempts > 0")
                try await office.application.execute(.cancelled, on: Chore.ID("k"))
                try await office.wait(
                    for: """
                        SELECT parked_at IS NOT NULL AND problem LIKE 'NULx%' AND length(problem) <= 2000
                        FROM martlet.process_effects WHERE is_undo
                        """, within: .seconds(8))
            }
        }
    }

    @Test func `a call that fails with words that cannot be stored is told to the process`() async throws {
        let clerk = Clerk(CallPolicy(attempts: 2, pause: .milliseconds(10))) { _, _ in throw Unspeakable() }
        try await Office.with(clerk) { office in
            try await office.running {
                try await office.begin(.work)
                let end = try await office.waitForEnd(within: .seconds(8))
                #expect(end?.hasPrefix("completed: failed: NULx") == true)
                #expect(end.map { $0.utf8.count < 2100 } == true)
            }
        }
    }
}
