import FoundationEssentials
import Martlet
import MartletJSON
import MartletTesting
import Testing

@testable import MartletProcesses

@Suite(.tags(.database)) struct LookingTests {
    @Test func `an instance tells its call, how often it was tried and when its timer is due`() async throws {
        struct Busy: Error {}
        let policy = CallPolicy(timeout: .seconds(1), attempts: 100, pause: .seconds(60), longestPause: .seconds(60))
        let examiner = Examiner(policy: policy) { _, _ in throw Busy() }
        try await TransferTests.withBank(examiner) { bank in
            try await bank.execute(.send(cents: 30, to: "bob", transfer: "t1"), on: Account.ID("ada"))
            let process = bank.process(Transfers.self)
            let deadline = ContinuousClock.now + .seconds(20)
            var report = try await process.instance("t1")
            while report?.effects.first?.nextTryAt == nil, deadline > .now {
                report = try await process.instance("t1")
                try await Task.sleep(for: .milliseconds(10))
            }
            let found = try #require(report)
            #expect(found.life?.status == .running)
            #expect(found.life?.phase == "examining")
            let call = try #require(found.effects.first)
            #expect(call.step == "examine")
            #expect(call.kind == .call)
            #expect(call.target == "examiner")
            #expect(call.attempts == 1)
            #expect(call.problem == "Busy()")
            #expect(found.timers.map(\.timer) == ["examination"])
            #expect(found.trouble == nil)
            #expect(found.waits.hasPrefix("waits for \"examine\" at examiner since "))
            #expect(found.waits.contains(" (1 try, next in "))
            #expect(found.waits.contains("): Busy(); and for timer \"examination\", due at "))

            let status = try await process.status()
            #expect(status[.running] == 1)
            #expect(status[.completed] == 0)
            #expect((status.effects, status.parkedEffects, status.parkedInstances) == (1, 0, 0))
            #expect(status.timers == 1)
            #expect(status.nextDue == found.timers.first?.dueAt)
            #expect(status.stuck == 0)
            let json = String(decoding: try PayloadEncoder().encode(status), as: UTF8.self)
            #expect(json.hasPrefix("{\"name\":\"transfer\",\"state\":\"running\""))
            #expect(json.contains("\"running\":1,\"compensating\":0,"))
        }
    }

    @Test func `nothing is known of a key that never came`() async throws {
        try await TravelAgency.with { agency in
            let report = try await agency.travel.instance("7")
            #expect(report?.key == nil)
            #expect(try await agency.travel.history(of: "7").isEmpty)
            #expect(try await agency.travel.instances(where: .stuck).isEmpty)
        }
    }

    @Test func `who waits for an event longer than its patience is stuck`() async throws {
        try await TravelAgency.with { agency in
            try await agency.order(.plan)
            let fresh = try #require(try await agency.reportOnceBooked())
            #expect(fresh.waits.hasPrefix("waits for an event since "))
            #expect(fresh.trouble == nil)
            try await agency.age(by: 500)
            #expect(try await agency.travel.status().stuck == 0)
            try await agency.age(by: 200)
            #expect(try await agency.travel.instance("42")?.trouble == .silence)
            #expect(try await agency.travel.instances(where: .stuck).map(\.key) == ["42"])
            #expect(try await agency.travel.status().stuck == 1)
            // However long ago it began, an input a moment ago is none too long ago.
            try await agency.agency.pool.execute(
                "UPDATE martlet.process_instances SET changed_at = clock_timestamp()")
            #expect(try await agency.travel.status().stuck == 0)
            #expect(try await agency.travel.instance("42")?.trouble == nil)
            try await agency.age(by: 700)
            #expect(try await agency.travel.status().stuck == 1)
            // A timer, or an effect, is something that it waits for.
            try await agency.agency.pool.execute(
                """
                INSERT INTO martlet.process_timers (build, due_at, number, partition, instance, timer)
                SELECT build, clock_timestamp() + interval '1 d', 9, partition, instance, 'later'
                FROM martlet.process_instances
                """)
            #expect(try await agency.travel.status().stuck == 0)
            #expect(try await agency.travel.instance("42")?.trouble == nil)
        }
    }

    @Test func `a call that is tried for longer than the patience is stuck`() async throws {
        let hotel = Hotel()
        hotel.cancelAnswer.withLock { $0 = nil }
        try await TravelAgency.with(hotel) { agency in
            try await agency.order(.plan)
            _ = try await agency.reportOnceBooked()
            try await agency.order(.callOff)
            let report = try await agency.report { $0.trouble == .parkedStep }
            #expect(report?.trouble == .parkedStep)
            try await agency.agency.pool.execute("UPDATE martlet.process_effects SET parked_at = NULL")
            #expect(try await agency.travel.instance("42")?.trouble == nil)
            try await agency.age(by: 700)
            #expect(try await agency.travel.instance("42")?.trouble == .slowStep)
            #expect(try await agency.travel.instances(where: .stuck).map(\.key) == ["42"])
        }
    }

    @Test func `an input that cannot be taken is told, also of an instance that has not begun`() async throws {
        try await TravelAgency.with { agency in
            try await agency.order(.plan)
            _ = try await agency.reportOnceBooked()
            try await agency.order(.note("unreadable"))
            try await agency.order(.note("after"))
            let report = try #require(try await agency.report { $0.parkedInput?.count == 2 })
            #expect(report.trouble == .parkedInput)
            #expect(report.parkedInput?.type == "trip.noted")
            #expect(
                report.waits.hasPrefix(
                    "waits for an operator: cannot react to \"trip.noted\" at position"))
            #expect(report.waits.hasSuffix(": Unread()"))
            #expect(report.waits.contains(", and 1 behind it, parked since "))
            #expect(try await agency.travel.status().parkedInstances == 1)
            #expect(
                agency.incidents.told.withLock(\.self).contains {
                    $0.hasPrefix("process \"travel\" parked an event: event \"trip.noted\" at position ")
                })

            try await agency.agency.pool.execute(
                """
                UPDATE martlet.dead_letters SET key = 'unborn'
                WHERE position = (SELECT min(position) FROM martlet.dead_letters)
                """)
            let unborn = try #require(try await agency.travel.instance("unborn"))
            #expect(unborn.life == nil)
            #expect(unborn.trouble == .parkedInput)
            let stuck = try await agency.travel.instances(where: .stuck)
            #expect(stuck.map(\.key).sorted() == ["42", "unborn"])
            #expect(stuck.first { $0.key == "unborn" }?.status == nil)
        }
    }

    @Test func `a history has each input with its time, position and effects`() async throws {
        try await TravelAgency.with { agency in
            try await agency.order(.plan)
            _ = try await agency.reportOnceBooked()
            try await agency.order(.callOff)
            _ = try await agency.report { $0.life?.status == .compensated }
            let history = try await agency.travel.history(of: "42")
            #expect(history.map(\.input) == ["trip.planned", "book answered", "trip.calledOff", "unbook answered"])
            #expect(history.map(\.status) == [.running, .running, .compensating, .compensated])
            #expect(history.map(\.phase) == ["booking", "booked", "booked", "booked"])
            #expect(history.map { $0.effects.map(\.kind) } == [[.call], [], [.undoCall], [.end]])
            #expect(history.map(\.stream) == ["trip-42", "travel-42", "trip-42", "travel-42"])
            #expect(history.allSatisfy { $0.recordedAt != nil && $0.ignored == nil })
            #expect(history.map(\.position) == history.map(\.position).sorted())
            let page = try await agency.travel.history(of: "42", after: history[0].position, limit: 2)
            #expect(page == Array(history[1...2]))
        }
    }

    @Test func `lists come in pages, the oldest first, and no one twice`() async throws {
        try await TravelAgency.with { agency in
            try await Sleepers.add(7, to: agency.agency, areAwake: true)
            var (keys, last): ([String], InstanceSummary?) = ([], nil)
            while true {
                let page = try await agency.travel.instances(where: .status(.running), limit: 3, after: last)
                keys += page.map(\.key)
                guard let end = page.last else { break }
                last = end
            }
            #expect(keys == (1...7).map { "sleeper\($0)" })
            #expect(try await agency.travel.instances(where: .status(.completed)).isEmpty)
            let stuck = try await agency.travel.instances(where: .stuck, limit: 4)
            #expect(stuck.map(\.key) == (1...4).map { "sleeper\($0)" })
            let rest = try await agency.travel.instances(where: .stuck, limit: 4, after: stuck.last)
            #expect(rest.map(\.key) == (5...7).map { "sleeper\($0)" })
        }
    }

    @Test func `a hundred thousand that sleep are looked at through indexes alone`() async throws {
        try await TravelAgency.with { agency in
            try await Sleepers.add(100_000, to: agency.agency, areAwake: false)
            try await agency.agency.pool.execute("VACUUM ANALYZE martlet.process_instances")
            try await agency.agency.pool.execute("VACUUM ANALYZE martlet.process_timers")
            #expect(try await agency.travel.status().stuck == 0)
            #expect(try await agency.travel.status().timers == 100_000)
            let queries = agency.travel.queries
            let begun = ContinuousClock.now
            _ = try await agency.travel.status()
            let counted = ContinuousClock.now
            _ = try await agency.travel.instances(where: .stuck)
            let showsPlans = ProcessInfo.processInfo.environment["MARTLET_SHOW_PLANS"] != nil
            if showsPlans { print("status \(counted - begun), stuck \(ContinuousClock.now - counted)") }
            for query in [
                queries.stuckPage(after: nil, limit: 100),
                queries.page(of: .running, after: nil, limit: 100), queries.report(on: "sleeper7"),
                queries.history(of: "sleeper7", after: .start, limit: 100),
            ] {
                let plan = try await agency.agency.pool.query("EXPLAIN (ANALYZE) \(query)")
                    .map { try $0.decode(String.self) }
                #expect(!plan.contains { $0.contains("Seq Scan on process_instances") }, "\(plan)")
                #expect(!plan.contains { $0.contains("Bitmap Heap Scan on process_instances") }, "\(plan)")
                if showsPlans { print(plan.joined(separator: "\n")) }
            }
        }
    }
}

/// Instances that have waited for longer than their patience, on a timer or not.
enum Sleepers {
    static func add(_ count: Int, to application: Application, areAwake: Bool) async throws {
        let schema = application.schema
        try await application.pool.execute(
            """
            INSERT INTO \(schema).process_instances
                (build, position, started_at, changed_at, state_version, partition, instance, status, phase, state, book)
            SELECT b.build, n, clock_timestamp() - interval '1 d' + n * interval '1 us',
                clock_timestamp() - interval '20 h', 1, n % 2, 'sleeper' || n, 'running', 'asleep', '{"phase":"asleep"}',
                '{"count":1,"calls":[],"timers":{},"undo":[]}'
            FROM \(schema).projection_builds b, generate_series(1, \(count)) n
            """)
        guard !areAwake else { return }
        try await application.pool.execute(
            """
            INSERT INTO \(schema).process_timers (build, due_at, number, partition, instance, timer)
            SELECT i.build, clock_timestamp() + interval '30 d', 1, i.partition, i.instance, 'alarm'
            FROM \(schema).process_instances i
            """)
    }
}
