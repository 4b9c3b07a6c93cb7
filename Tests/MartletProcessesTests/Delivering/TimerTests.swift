import FoundationEssentials
import Martlet
import MartletTesting
import Testing

@testable import MartletProcesses

@Suite(.tags(.database), .timeLimit(.minutes(15))) struct TimerTests {
    private static let year9999 = Date(timeIntervalSince1970: 253_370_764_800)

    @Test func `moments that are past, far away or beyond all clocks`() async throws {
        try await Office.with { office in
            try await office.running {
                try await office.begin(.waitUntil(Self.year9999), "far")
                try await office.begin(.waitForEver, "ever")
                try await office.begin(.wait(milliseconds: -5), "negative")
                try await office.begin(.waitUntil(Date(timeIntervalSince1970: -1e10)), "past")
                try await office.begin(.waitBeyondTime, "infinite")
                for key in ["past", "negative"] {
                    #expect(try await office.waitForEnd(of: key) == "completed: due")
                }
                // No moment that can be stored: the instance is parked, and nothing else waits behind it.
                try await office.wait(for: "SELECT true FROM martlet.dead_letters WHERE key LIKE '%infinite'")
            }
            let due = try await office.application.pool.query(
                "SELECT instance FROM martlet.process_timers WHERE due_at > now() + interval '900 years' ORDER BY instance"
            )
            let far = try due.map { row in try row.decode(String.self) }
            #expect(far == ["ever", "far"])
        }
    }

    @Test func `no timer is early, and each is due once`() async throws {
        try await Office.with { office in
            try await office.running {
                try await office.forEach(of: (0..<200).map { "\($0)" }) { number in
                    try await office.begin(.wait(milliseconds: (Int(number) ?? 0) * 10), "k\(number)")
                }
                try await office.wait(
                    for: "SELECT count(*) = 200 FROM martlet.process_instances WHERE status = 'completed'")
            }
            // Each event against the moment at which the instance was started, by the database's clock.
            let early = try await office.count(
                """
                SELECT count(*) FROM martlet.events e
                JOIN martlet.process_instances i ON e.stream_id = 'chores-' || i.instance
                WHERE e.type = 'chores.timerDue'
                    AND e.recorded_at < i.started_at - interval '20 ms'
                        + substr(i.instance, 2)::int * interval '10 ms'
                """)
            #expect(early == 0)
            #expect(try await office.journalled("timerDue") == 200)
            #expect(try await office.count("SELECT count(*) FROM martlet.process_timers") == 0)
        }
    }

    /// Copies of one instance that waits, all of them due.
    private func fill(_ office: Office, with count: Int) async throws {
        try await office.running {
            try await office.begin(.wait(milliseconds: 3_600_000), "template")
            try await office.wait(for: "SELECT true FROM martlet.process_timers")
        }
        try await office.application.pool.execute(
            """
            INSERT INTO martlet.process_instances (build, position, state_version, partition, instance, status, phase,
                state, book)
            SELECT build, position, state_version, partition, 'k' || n, status, phase, state, book
            FROM martlet.process_instances, generate_series(1, \(count)) n
            """)
        try await office.application.pool.execute(
            """
            INSERT INTO martlet.process_timers (build, due_at, number, partition, instance, timer)
            SELECT build, now() - (\(count) - n) * interval '1 ms', number, partition, 'k' || n, timer
            FROM martlet.process_timers, generate_series(1, \(count)) n
            """)
    }

    private func awaitAll(_ count: Int, in office: Office) async throws {
        try await office.wait(
            for:
                "SELECT count(*) = \(count) FROM martlet.process_instances WHERE status = 'completed' AND phase = 'due'",
            within: .seconds(120))
        #expect(try await office.journalled("timerDue") == Int64(count))
        let twice = try await office.count(
            """
            SELECT count(*) FROM (SELECT FROM martlet.events WHERE type = 'chores.timerDue'
                GROUP BY stream_id HAVING count(*) > 1) s
            """)
        #expect(twice == 0)
        #expect(try await office.count("SELECT count(*) FROM martlet.process_timers") == 1)
    }

    @Test func `ten thousand that are due at once are worked off in order, and calls go on meanwhile`() async throws {
        let clerk = Clerk()
        try await Office.with(clerk) { office in
            try await fill(office, with: 10_000)
            try await office.running {
                try await office.wait(for: "SELECT count(*) > 500 FROM martlet.events WHERE type = 'chores.timerDue'")
                try await office.begin(.work, "call")
                #expect(try await office.waitForEnd(of: "call", within: .seconds(60)) == "completed: done")
                try await awaitAll(10_000, in: office)
            }
            // In pages by when they are due: none comes more than a page before one that was due earlier.
            let disorder = try await office.count(
                """
                SELECT max(abs(place - n)) FROM (
                    SELECT row_number() OVER (ORDER BY position) AS place, substr(stream_id, length('chores-k') + 1)::int AS n
                    FROM martlet.events WHERE type = 'chores.timerDue') s
                """)
            #expect(disorder <= 500)
        }
    }

    @Test func `a stop in the middle of it loses none and repeats none`() async throws {
        try await Office.with { office in
            try await fill(office, with: 3000)
            for share in [300, 1200, 2000] {
                try await office.colleague().running {
                    try await office.wait(
                        for: "SELECT count(*) >= \(share) FROM martlet.events WHERE type = 'chores.timerDue'")
                }
            }
            try await office.running { try await awaitAll(3000, in: office) }
        }
    }

    @Test func `a timer that is cancelled while it comes due ends the instance once`() async throws {
        try await Office.with { office in
            let keys = (0..<60).map { "k\($0)" }
            try await office.running {
                try await office.begin(.wait(milliseconds: 400), keys)
                for (number, key) in keys.enumerated() {
                    if number.isMultiple(of: 6) { try await Task.sleep(for: .milliseconds(50)) }
                    try await office.application.execute(.hurried, on: Chore.ID(key))
                }
                try await office.wait(
                    for: "SELECT count(*) = 60 FROM martlet.process_instances WHERE status = 'completed'")
                // What is due after the end does nothing.
                try await office.begin(.wait(milliseconds: 0), "last")
                _ = try await office.waitForEnd(of: "last")
            }
            let ends = try await office.count(
                "SELECT count(*) FROM martlet.process_history WHERE effects::text LIKE '%\"end\"%'")
            #expect(ends == 61)
            #expect(try await office.count("SELECT count(*) FROM martlet.process_timers") == 0)
        }
    }

    @Test func `after the database was away, what is due comes within a moment`() async throws {
        try await PrivateCluster.with { cluster in
            let office = Office(cluster.configuration)
            try await office.application.migrate()
            let run = office.run()
            defer { run.cancel() }
            try await office.begin(.wait(milliseconds: 3000))
            try await office.wait(for: "SELECT true FROM martlet.process_timers")
            try await cluster.crash()
            try await Task.sleep(for: .seconds(8))
            try await cluster.start()
            let isUp = ContinuousClock.now
            #expect(try await office.waitForEnd() == "completed: due")
            #expect(.now - isUp < .seconds(4))
        }
    }
}
