import FoundationEssentials
import Martlet
import MartletTesting
import Synchronization
import Testing

@Suite(.tags(.database), .timeLimit(.minutes(15))) struct RepairTests {
    /// A booked trip that was called off, while the hotel does not cancel.
    private static func withParkedUndo(
        answering answer: Hotel.Answer?, _ body: @Sendable (TravelAgency) async throws -> Void
    ) async throws {
        let hotel = Hotel()
        hotel.cancelAnswer.withLock { $0 = answer }
        try await TravelAgency.with(hotel) { agency in
            try await agency.order(.plan)
            _ = try await agency.reportOnceBooked()
            try await agency.order(.callOff)
            let report = try #require(try await agency.report { $0.trouble == .parkedStep })
            #expect(report.life?.reason == "called off")
            #expect(report.waits.hasPrefix("waits for an operator: \"unbook\" at hotel was given up at "))
            try await body(agency)
        }
    }

    @Test(arguments: [(Hotel.Answer?.none, false), (.no, true)])
    func `a parked undo that is retried goes at once, from another process`(
        answer: Hotel.Answer?, isAskedAnew: Bool
    ) async throws {
        try await Self.withParkedUndo(answering: answer) { agency in
            #expect(try await agency.travel.status().parkedEffects == 1)
            // It is told once it is written down.
            while !agency.incidents.told.withLock(\.self).contains(where: {
                $0.hasPrefix("process \"travel\" parked a step: step \"unbook\" of \"42\": ")
            }) { try await Task.sleep(for: .milliseconds(5)) }
            let last = agency.hotel.keys.withLock(\.last)
            agency.hotel.cancelAnswer.withLock { $0 = .done }
            let begun = ContinuousClock.now
            try await agency.travel.retry("unbook", of: "42", by: "ada")
            let report = try await agency.report { $0.life?.status == .compensated }
            #expect(report?.life?.status == .compensated)
            // Sooner than who delivers looks by himself.
            #expect(ContinuousClock.now - begun < .seconds(4))
            #expect(report?.waits.hasPrefix("was compensated at ") == true)
            #expect((agency.hotel.keys.withLock(\.last) != last) == isAskedAnew)
            let inputs = try await agency.travel.history(of: "42").map(\.input)
            #expect(inputs.suffix(2) == ["unbook retried by ada", "unbook answered"])
            #expect(try await agency.travel.status().effects == 0)
        }
    }

    @Test func `an undo that is skipped lets the compensation end`() async throws {
        try await Self.withParkedUndo(answering: .no) { agency in
            let number = try #require(try await agency.travel.instance("42")?.effects.first?.number)
            try await agency.travel.skip(.number(number), of: "42", reason: "cancelled by phone", by: "ada")
            let report = try await agency.report { $0.life?.status == .compensated }
            #expect(report?.life?.status == .compensated)
            let payload = try await agency.agency.pool.query(
                "SELECT payload::text FROM martlet.events WHERE stream_id = 'travel-42' ORDER BY version DESC LIMIT 1"
            ).first?.decode(String.self)
            #expect(payload?.contains("cancelled by phone") == true)
            #expect(payload?.contains("ada") == true)
        }
    }

    @Test func `a command that is parked after the end is retried or skipped all the same`() async throws {
        try await TravelAgency.with { agency in
            try await agency.order(.plan)
            _ = try await agency.reportOnceBooked()
            try await agency.order(.note("arrived"))
            let completed = try await agency.report { $0.life?.status == .completed }
            #expect(completed?.life?.status == .completed)
            try await agency.agency.pool.execute(
                """
                INSERT INTO martlet.process_effects
                    (build, number, partition, is_undo, instance, kind, target, step, body, metadata, parked_at)
                SELECT i.build, 1, i.partition, false, i.instance, 'command', 'trip-42', 'note', '{}', '{}',
                    clock_timestamp()
                FROM martlet.process_instances i
                """)
            #expect(try await agency.travel.instances(where: .stuck).map(\.key) == ["42"])
            try await agency.travel.skip("note", of: "42", reason: "not needed", by: "ada")
            let report = try await agency.report { $0.effects.isEmpty }
            #expect(report?.effects.isEmpty == true)
            #expect(report?.trouble == nil)
        }
    }

    @Test func `an operator has an instance undone`() async throws {
        try await TravelAgency.with { agency in
            try await agency.order(.plan)
            _ = try await agency.reportOnceBooked()
            let receipt = try await agency.travel.compensate("42", reason: "the hotel burns", by: "ada")
            #expect(try await agency.travel.caughtUp(to: receipt))
            let report = try await agency.report { $0.life?.status == .compensated }
            #expect(report?.life?.reason == "the hotel burns")
            #expect(
                try await agency.travel.history(of: "42").map(\.input).contains("compensation requested by ada"))
            await #expect(
                throws: ProcessOperationError.hasEnded(process: "travel", key: "42", .compensated)
            ) { try await agency.travel.compensate("42", reason: "again", by: "ada") }
        }
    }

    @Test func `what makes no sense is refused with what is there`() async throws {
        try await Self.withParkedUndo(answering: .no) { agency in
            let travel = agency.travel
            func refusal(_ operation: () async throws -> Void) async -> String? {
                do {
                    try await operation()
                    return nil
                } catch { return "\(error)" }
            }
            #expect(
                await refusal { try await travel.retry("unbook", of: "7", by: "ada") }
                    == "process \"travel\": expected the key of an instance that has begun and was not forgotten,"
                    + " found \"7\"")
            #expect(
                await refusal { try await travel.retry("book", of: "42", by: "ada") }
                    == "process \"travel\", instance \"42\": expected a step \"book\" that has not arrived, found"
                    + " \"unbook\" (number 2)")
            #expect(
                await refusal { try await travel.retry(7, of: "42", by: "ada") }
                    == "process \"travel\", instance \"42\": expected a step number 7 that has not arrived, found"
                    + " \"unbook\" (number 2)")
            #expect(
                await refusal { try await travel.retry("unbook", of: "42", by: " ") }
                    == "expected an actor to be recorded with the decision, found none")
            #expect(
                await refusal { try await travel.skip("unbook", of: "42", reason: "", by: "ada") }
                    == "expected a reason to be recorded with the decision, found none")
            #expect(
                await refusal { try await travel.compensate("42", reason: "no", by: "ada") }
                    == "process \"travel\", instance \"42\": expected it to run, found it being compensated already")
            #expect(
                await refusal { try await travel.retryParked("42") }
                    == "process \"travel\": expected an instance with a parked input, found \"42\"")
            try await agency.agency.pool.execute("UPDATE martlet.process_effects SET parked_at = NULL")
            #expect(
                await refusal { try await travel.retry("unbook", of: "42", by: "ada") }
                    == "process \"travel\", instance \"42\": expected the step \"unbook\" to be parked, found it being"
                    + " tried (failed 1 times)")
        }
    }

    @Test func `parked inputs are retried or discarded before anything else is decided`() async throws {
        try await TravelAgency.with { agency in
            try await agency.order(.plan)
            _ = try await agency.reportOnceBooked()
            try await agency.order(.note("unreadable"))
            try await agency.order(.note("arrived"))
            _ = try await agency.report { $0.parkedInput?.count == 2 }
            await #expect(
                throws: ProcessOperationError.hasParkedInput(process: "travel", key: "42", count: 2)
            ) { try await agency.travel.compensate("42", reason: "why", by: "ada") }
            let outcome = try await agency.travel.retryParked("42")
            #expect(outcome.projected == 0)
            #expect(outcome.problem == "Unread()")
            await #expect(throws: ProcessOperationError.unexplained(missing: "an actor")) {
                try await agency.travel.discardParked("42", reason: "nonsense", by: "")
            }
            try await agency.travel.discardParked("42", reason: "nonsense", by: "ada")
            #expect(try await agency.travel.retryParked("42").projected == 1)
            #expect(try await agency.travel.instance("42")?.life?.status == .completed)
            #expect(try await agency.travel.instance("42")?.trouble == nil)
        }
    }

    @Test func `a paused process manager reacts to nothing until it is resumed`() async throws {
        try await TravelAgency.with { agency in
            try await agency.travel.pause(because: "the hotel moves")
            #expect(try await agency.travel.status().follower.state == .paused(reason: "the hotel moves"))
            let receipt = try await agency.agency.execute(.plan, on: Trip.ID("42"))
            #expect(try await !agency.travel.caughtUp(to: receipt, within: .milliseconds(300)))
            try await agency.travel.resume()
            #expect(try await agency.reportOnceBooked()?.life?.phase == "booked")
        }
    }

    @Test func `ended instances are forgotten with their histories, the others stay`() async throws {
        try await TravelAgency.with { agency in
            for trip in ["1", "2", "3"] { try await agency.order(.plan, trip) }
            for trip in ["1", "2", "3"] {
                _ = try await agency.report(on: trip) { $0.life?.phase == "booked" }
            }
            for trip in ["1", "2"] {
                try await agency.order(.note("arrived"), trip)
                _ = try await agency.report(on: trip) { $0.life?.status == .completed }
            }
            #expect(try await agency.travel.forget(endedBefore: .now.addingTimeInterval(-3600)) == 0)
            #expect(try await agency.travel.forget(endedBefore: .now.addingTimeInterval(3600)) == 2)
            #expect(try await agency.travel.instance("1") == nil)
            #expect(try await agency.travel.history(of: "2").isEmpty)
            #expect(try await agency.travel.history(of: "3").count == 2)
            #expect(try await agency.travel.status()[.running] == 1)
            #expect(try await agency.travel.status()[.completed] == 0)
        }
    }

    @Test func `many are forgotten in batches, and it is told how far that has come`() async throws {
        try await TravelAgency.with { agency in
            try await Sleepers.add(1200, to: agency.agency, areAwake: true)
            try await agency.agency.pool.execute(
                """
                UPDATE martlet.process_instances SET status = 'completed', ended_at = changed_at
                WHERE instance <> 'sleeper3'
                """)
            let seen = Told()
            let forgotten = try await agency.travel.forget(endedBefore: .now) { progress in
                seen.steps.withLock { $0.append(progress) }
            }
            #expect(forgotten == 1199)
            #expect(seen.steps.withLock(\.self).map(\.forgotten) == [0, 500, 1000, 1199])
            #expect(seen.steps.withLock(\.self).allSatisfy { $0.total == 1199 })
            #expect(try await agency.travel.instances(where: .status(.running)).map(\.key) == ["sleeper3"])
        }
    }

    @Test func `a step that is tried again starts from nothing`() async throws {
        let hotel = Hotel()
        hotel.cancelAnswer.withLock { $0 = .no }
        try await TravelAgency.with(hotel) { agency in
            try await agency.order(.plan)
            _ = try await agency.reportOnceBooked()
            try await agency.order(.callOff)
            for round in 1...3 {
                let parked = try await agency.report { $0.effects.first?.round == round && $0.trouble == .parkedStep }
                #expect(parked?.effects.first?.attempts == 1)
                #expect(parked?.effects.first?.problem == "the provider has answered \"no\"")
                try await agency.travel.retry("unbook", of: "42", by: "ada")
            }
            let keys = hotel.keys.withLock { $0.map(\.rawValue) }
            #expect(keys.prefix(4) == ["travel/42/1.1", "travel/42/2.1", "travel/42/2.2", "travel/42/2.3"])
        }
    }
}

private final class Told: Sendable {
    let steps = Mutex<[ForgetProgress]>([])
}
