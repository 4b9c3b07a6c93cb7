import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletProcesses

struct Busy: Error {}

@Suite(.tags(.database), .timeLimit(.minutes(15))) struct DeliveringTests {
    @Test func `a provider that fails twice is asked a third time, and the tries can be seen meanwhile`() async throws {
        let clerk = Clerk(CallPolicy(attempts: 3, pause: .milliseconds(300), longestPause: .milliseconds(300))) {
            guard $1 > 2 else { throw Busy() }
            return "done"
        }
        try await Office.with(clerk) { office in
            try await office.running {
                try await office.begin(.work)
                for attempts in 1...2 {
                    try await office.wait(
                        for: """
                            SELECT attempts = \(Int32(attempts)) AND problem = 'Busy()'
                                AND next_try_at > clock_timestamp() AND unfinished = 0
                            FROM martlet.process_effects
                            """)
                }
                #expect(try await office.waitForEnd() == "completed: done")
            }
            #expect(clerk.keys(of: "work k") == Array(repeating: "chores/k/1.1", count: 3))
            #expect(try await office.count("SELECT count(*) FROM martlet.process_effects") == 0)
        }
    }

    @Test func `a provider that never answers is given up, and the process is told`() async throws {
        let clerk = Clerk(CallPolicy(timeout: .milliseconds(50), attempts: 3, pause: .milliseconds(10))) { _, _ in
            // Not to be stopped.
            await Task { try? await Task.sleep(for: .seconds(5)) }.value
            return "late"
        }
        try await Office.with(clerk) { office in
            try await office.running {
                try await office.begin(.work)
                #expect(try await office.waitForEnd() == "completed: failed: no answer within 0.05 seconds")
            }
            #expect(clerk.keys(of: "work k").count == 3)
        }
    }

    @Test func `a refused command comes back`() async throws {
        try await Office.with { office in
            try await office.application.execute(.fill, on: Board.ID("b"))
            try await office.running {
                try await office.begin(.post(on: "b"))
                #expect(try await office.waitForEnd() == "completed: refused")
            }
        }
    }

    @Test func `a command to a closed stream is parked`() async throws {
        try await Office.with { office in
            try await office.application.execute(.empty, on: Board.ID("b"))
            try await office.application.store.close(Board.ID("b"), expecting: .any)
            try await office.running {
                try await office.begin(.post(on: "b"))
                try await office.wait(
                    for: """
                        SELECT parked_at IS NOT NULL AND NOT is_refused AND attempts = 1 AND problem LIKE '%was closed%'
                        FROM martlet.process_effects
                        """)
            }
        }
    }

    /// Has a notice posted whose undoing is refused, and waits until that is parked.
    private func refuseUndo(in office: Office) async throws {
        try await office.begin(.post(on: "b"))
        try await office.wait(
            for: "SELECT true FROM martlet.events WHERE type = 'board.posted' AND payload::text LIKE '%\"k\"%'")
        try await office.application.execute(.fill, on: Board.ID("b"))
        try await office.application.execute(.cancelled, on: Chore.ID("k"))
        try await office.wait(
            for: """
                SELECT parked_at IS NOT NULL AND is_refused AND is_undo AND round = 1 AND problem LIKE 'refused: %full%'
                FROM martlet.process_effects WHERE step = 'unpost'
                """)
    }

    private var undo: EffectReference {
        EffectReference(number: 2, round: 1, step: "unpost", target: "board-b")
    }

    @Test func `an undo that is refused is parked, and retried in a new round`() async throws {
        try await Office.with { office in
            try await office.running {
                try await refuseUndo(in: office)
                // Asked again while nothing has changed, it is parked again.
                try await office.journal(.retried(undo, by: "me"))
                try await office.wait(
                    for: "SELECT round = 2 AND parked_at IS NOT NULL AND is_refused FROM martlet.process_effects")
                try await office.application.execute(.empty, on: Board.ID("b"))
                try await office.journal(.retried(undo, by: "me"))
                #expect(try await office.waitForEnd() == "compensated: begun")
            }
            #expect(try await office.journalled("delivered") == 1)
        }
    }

    @Test func `an undo that is skipped counts as done`() async throws {
        try await Office.with { office in
            try await office.running {
                try await refuseUndo(in: office)
                try await office.journal(.skipped(undo, reason: "the board was burnt", by: "me"))
                #expect(try await office.waitForEnd() == "compensated: begun")
            }
            #expect(try await office.count("SELECT count(*) FROM martlet.process_effects") == 0)
        }
    }

    @Test func `an undo call that is answered by no is parked, and asked again under a new key`() async throws {
        let clerk = Clerk { request, count in
            if request == "work k" { throw Busy() }
            return count == 1 ? "no" : "done"
        }
        try await Office.with(clerk) { office in
            try await office.running {
                try await office.begin(.work)
                try await office.wait(for: "SELECT true FROM martlet.process_effects WHERE attempts > 0")
                try await office.journal(.compensationRequested(reason: "rain", by: "me"))
                try await office.wait(for: "SELECT parked_at IS NOT NULL AND is_refused FROM martlet.process_effects")
                let number = try await office.first("SELECT number FROM martlet.process_effects", as: Int32.self) ?? 0
                try await office.journal(
                    .retried(
                        EffectReference(number: Int(number), round: 1, step: "undo", target: "clerk"), by: "me"))
                #expect(try await office.waitForEnd() == "compensated: begun")
            }
            #expect(clerk.keys(of: "undo k") == ["chores/k/2.1", "chores/k/2.2"])
        }
    }

    @Test func `after an outage all parked steps are retried at once, but none behind a parked input`() async throws {
        let isOut = Mutex(true)
        let isUnwanted = Mutex(false)
        let clerk = Clerk(CallPolicy(timeout: .seconds(60), attempts: 1, failuresToOpen: 1000)) { request, _ in
            if request.hasPrefix("undo"), isOut.withLock({ $0 }) { throw Busy() }
            while !isUnwanted.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
            return "done"
        }
        try await Office.with(clerk) { office in
            let keys = (0..<5).map { "k\($0)" }
            let process = office.application.process(Chores.self)
            try await office.running {
                for key in keys {
                    try await office.begin(.work, key)
                    try await office.wait(for: "SELECT true FROM martlet.process_effects WHERE instance = \(key)")
                    try await office.journal(.compensationRequested(reason: "rain", by: "me"), key)
                }
                isUnwanted.withLock { $0 = true }
                try await office.wait(
                    for: "SELECT count(*) = 5 FROM martlet.process_effects WHERE parked_at IS NOT NULL")
                try await office.application.pool.execute(
                    """
                    INSERT INTO martlet.dead_letters (build, position, event_id, attempts, partition, stream_id, type, key)
                    SELECT build, 1, gen_random_uuid(), 1, 0, 'chore-k0', 'chore.hurried', 'k0'
                    FROM martlet.projection_builds
                    """)
                isOut.withLock { $0 = false }
                #expect(try await process.retryAll("work", by: "me") == 0)
                #expect(try await process.retryAll("undo", by: "me") == 4)
                for key in keys.dropFirst() {
                    #expect(try await office.waitForEnd(of: key) == "compensated: begun")
                }
                #expect(try await process.status().parkedEffects == 1)
            }
        }
    }

    @Test func `a call that rests when it is withdrawn is not made again, and its undo goes at once`() async throws {
        let clerk = Clerk(CallPolicy(attempts: 9, pause: .seconds(600), longestPause: .seconds(600))) { request, _ in
            if request == "work k" { throw Busy() }
            return "done"
        }
        try await Office.with(clerk) { office in
            try await office.running {
                try await office.begin(.work)
                try await office.wait(for: "SELECT attempts = 1 AND problem IS NOT NULL FROM martlet.process_effects")
                try await office.application.execute(.cancelled, on: Chore.ID("k"))
                #expect(try await office.waitForEnd() == "compensated: begun")
            }
            #expect(clerk.calls.withLock { $0.map(\.request) } == ["work k", "undo k"])
        }
    }

    @Test func `a call that fails after it was withdrawn does not keep its undo waiting`() async throws {
        let (begun, feed) = AsyncStream<Void>.makeStream()
        let withdrawn = Mutex(false)
        let clerk = Clerk(
            CallPolicy(timeout: .seconds(60), attempts: 9, pause: .seconds(600), longestPause: .seconds(600))
        ) { request, _ in
            guard request == "work k" else { return "done" }
            feed.yield()
            while !withdrawn.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
            throw Busy()
        }
        try await Office.with(clerk) { office in
            try await office.running {
                try await office.begin(.work)
                for await _ in begun { break }
                try await office.application.execute(.cancelled, on: Chore.ID("k"))
                try await office.wait(for: "SELECT true FROM martlet.process_effects WHERE is_undo")
                // The courier has to have seen that there is an undo, which nothing tells.
                try await Task.sleep(for: .milliseconds(300))
                withdrawn.withLock { $0 = true }
                #expect(try await office.waitForEnd() == "compensated: begun")
            }
            #expect(clerk.calls.withLock { $0.map(\.request) } == ["work k", "undo k"])
        }
    }

    @Test func `an undo goes after what is under way, wherever that goes`() async throws {
        let isOver = Mutex(false)
        let clerk = Clerk(CallPolicy(timeout: .seconds(60))) { _, _ in
            while !isOver.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
            return "done"
        }
        try await Office.with(clerk) { office in
            try await office.running {
                try await office.begin(.workOrTell("b"))
                try await office.wait(for: "SELECT true FROM martlet.process_effects WHERE NOT is_undo")
                while clerk.calls.withLock(\.isEmpty) { try await Task.sleep(for: .milliseconds(5)) }
                try await office.application.execute(.cancelled, on: Chore.ID("k"))
                try await office.wait(for: "SELECT true FROM martlet.process_effects WHERE is_undo")
                // Nothing tells that the courier has seen it.
                try await Task.sleep(for: .milliseconds(300))
                #expect(try await office.count("SELECT count(*) FROM martlet.process_effects WHERE is_undo") == 1)
                #expect(try await office.count("SELECT count(*) FROM martlet.events WHERE type = 'board.posted'") == 0)
                isOver.withLock { $0 = true }
                #expect(try await office.waitForEnd() == "compensated: begun")
            }
            #expect(try await office.count("SELECT count(*) FROM martlet.events WHERE type = 'board.posted'") == 1)
        }
    }

    @Test func `a provider that holds its calls up holds up nothing else, and what is beyond memory comes later`()
        async throws
    {
        let isOpen = Mutex(false)
        let clerk = Clerk(CallPolicy(timeout: .seconds(120), concurrency: 4)) { _, _ in
            while !isOpen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(50)) }
            return "done"
        }
        try await Office.with(clerk) { office in
            try await office.begin(.work, (0..<2600).map { "w\($0)" })
            try await office.running {
                try await office.wait(for: "SELECT count(*) = 2600 FROM martlet.process_effects")
                try await office.begin(.post(on: "b"))
                try await office.wait(
                    for: "SELECT true FROM martlet.events WHERE type = 'board.posted'", within: .seconds(10))
                #expect(clerk.calls.withLock(\.count) == 4)
                isOpen.withLock { $0 = true }
                try await office.wait(
                    for: "SELECT count(*) = 2600 FROM martlet.process_instances WHERE status = 'completed'",
                    within: .seconds(90))
            }
            #expect(clerk.calls.withLock(\.count) == 2600)
        }
    }

    @Test func `an undo that waits for a call holds up no command of another instance`() async throws {
        let isOver = Mutex(false)
        let clerk = Clerk(CallPolicy(timeout: .seconds(60))) { _, _ in
            while !isOver.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
            return "done"
        }
        try await Office.with(clerk) { office in
            try await office.running {
                try await office.begin(.workOrTell("b"))
                while clerk.calls.withLock(\.isEmpty) { try await Task.sleep(for: .milliseconds(5)) }
                try await office.application.execute(.cancelled, on: Chore.ID("k"))
                try await office.wait(for: "SELECT true FROM martlet.process_effects WHERE is_undo")
                // Nothing tells that the courier has seen it.
                try await Task.sleep(for: .milliseconds(300))
                try await office.begin(.post(on: "b"), (0..<5).map { "other\($0)" })
                try await office.wait(
                    for: "SELECT count(*) = 5 FROM martlet.events WHERE type = 'board.posted'", within: .seconds(10))
                isOver.withLock { $0 = true }
                #expect(try await office.waitForEnd() == "compensated: begun")
            }
            #expect(try await office.count("SELECT count(*) FROM martlet.events WHERE type = 'board.posted'") == 6)
        }
    }

    @Test func `a call that is withdrawn before its turn has come is not made after its undo`() async throws {
        let isOver = Mutex(false)
        let clerk = Clerk(CallPolicy(timeout: .seconds(60), concurrency: 1)) { _, _ in
            while !isOver.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
            return "done"
        }
        try await Office.with(clerk) { office in
            try await office.running {
                try await office.begin(.work, "first")
                while clerk.calls.withLock(\.isEmpty) { try await Task.sleep(for: .milliseconds(5)) }
                try await office.begin(.workOrTell("b"))
                try await office.wait(for: "SELECT count(*) = 2 FROM martlet.process_effects")
                // Nothing tells that the courier has seen it.
                try await Task.sleep(for: .milliseconds(300))
                try await office.application.execute(.cancelled, on: Chore.ID("k"))
                #expect(try await office.waitForEnd() == "compensated: begun")
                isOver.withLock { $0 = true }
                #expect(try await office.waitForEnd(of: "first") == "completed: done")
                try await office.begin(.work, "last")
                #expect(try await office.waitForEnd(of: "last") == "completed: done")
            }
            #expect(clerk.calls.withLock { $0.map(\.request) } == ["work first", "work last"])
        }
    }
}
