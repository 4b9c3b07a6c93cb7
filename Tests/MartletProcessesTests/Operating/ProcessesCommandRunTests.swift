import FoundationEssentials
import Martlet
import MartletCLI
import MartletTesting
import Testing

@Suite(.tags(.database)) struct ProcessesCommandRunTests {
    private static func run(
        _ agency: TravelAgency, _ words: String...
    ) async throws -> (text: String, exitCode: ExitCode) {
        try await ProcessesCommand(agency.desk).run(try ProcessesCommand.syntax.parse(words))
    }

    @Test func `all that an operator may ask is answered, for people and for programs`() async throws {
        let hotel = Hotel()
        hotel.cancelAnswer.withLock { $0 = .no }
        try await TravelAgency.with(hotel) { agency in
            try await agency.order(.plan)
            _ = try await agency.reportOnceBooked()
            let fine = try await Self.run(agency)
            #expect(fine.exitCode == .success)
            #expect(
                fine.text.split(separator: "\n").first
                    == "process  state    lag  running  compensating  completed  compensated  parked  stuck")
            #expect(try await Self.run(agency, "travel", "42").exitCode == .success)

            try await agency.order(.callOff)
            _ = try await agency.report { $0.trouble == .parkedStep }
            let all = try await Self.run(agency, "travel")
            #expect(all.exitCode == .failure)
            #expect(all.text.contains("1 instance of travel does not go on: processes travel --stuck"))
            let stuck = try await Self.run(agency, "travel", "--stuck")
            #expect(stuck.exitCode == .failure)
            #expect(stuck.text.contains("parked step  waits for an operator: \"unbook\" at hotel was given up at "))
            let why = try await Self.run(agency, "travel", "42")
            #expect(why.exitCode == .failure)
            #expect(why.text.hasPrefix("travel \"42\" waits for an operator: \"unbook\" at hotel was given up at "))
            #expect(why.text.contains("compensating because called off, phase \"booked\""))
            #expect(why.text.contains("--retry unbook --by ME"))
            let json = try await Self.run(agency, "travel", "42", "--json").text
            #expect(json.hasPrefix("{\"process\":\"travel\",\"key\":\"42\",\"instance\":{\"status\":\"compensating\""))
            #expect(json.contains("\"trouble\":\"parked step\""))

            hotel.cancelAnswer.withLock { $0 = .done }
            let retried = try await Self.run(agency, "travel", "42", "--retry", "unbook", "--by", "ada")
            #expect(retried.text.hasPrefix("recorded for travel \"42\" at position "))
            _ = try await agency.report { $0.life?.status == .compensated }
            let history = try await Self.run(agency, "travel", "42", "--history")
            #expect(history.text.contains("unbook retried by ada"))
            #expect(history.text.contains("step number 2 again"))
            #expect(try await Self.run(agency, "travel", "--stuck").text == "no instance is stuck")
            #expect(try await Self.run(agency, "travel", "--in", "compensated").text.contains("42"))
            #expect(try await Self.run(agency, "travel", "--diagram").text.hasPrefix("stateDiagram-v2\n"))
            #expect(try await Self.run(agency, "travel", "--diagram", "--json").text.contains("\"mermaid\":\"stateD"))
            await #expect(throws: UsageError.self) {
                try await Self.run(agency, "travel", "--forget-ended", "0")
            }
            let forgotten = try await Self.run(agency, "travel", "--forget-ended", "0", "--yes", "--json").text
            #expect(forgotten.contains("\"forgotten\":1"))
            await #expect(throws: ProcessOperationError.noInstance(process: "travel", key: "42")) {
                try await Self.run(agency, "travel", "42")
            }
            await #expect(throws: UsageError("expected one of the process managers travel, found \"trips\"")) {
                try await Self.run(agency, "trips")
            }
        }
    }

    @Test func `an input that cannot be taken is tried again, and then given up`() async throws {
        try await TravelAgency.with { agency in
            try await agency.order(.plan)
            _ = try await agency.reportOnceBooked()
            try await agency.order(.note("unreadable"))
            _ = try await agency.report { $0.trouble == .parkedInput }
            let why = try await Self.run(agency, "travel", "42").text
            #expect(why.contains("processes travel 42 --retry-input\n"))
            #expect(why.hasSuffix("processes travel 42 --discard-input --reason WHY --by ME --yes"))
            let again = try await Self.run(agency, "travel", "42", "--retry-input")
            #expect(again.exitCode == .failure)
            #expect(again.text == "travel \"42\" reacted to 0 inputs; the next one failed again: Unread()")
            let words = ["travel", "42", "--discard-input", "--reason", "a blot", "--by", "ada", "--yes"]
            let given = try await ProcessesCommand(agency.desk).run(try ProcessesCommand.syntax.parse(words))
            #expect(given.text.hasPrefix("discarded the input of travel \"42\" at position "))
            #expect(try await Self.run(agency, "travel", "42").exitCode == .success)
        }
    }

    @Test func `who asks about an instance is told that all of them stand still`() async throws {
        try await TravelAgency.with { agency in
            try await agency.order(.plan)
            _ = try await agency.reportOnceBooked()
            #expect(try await !Self.run(agency, "travel", "42").text.contains("travel is paused"))
            _ = try await Self.run(agency, "travel", "--pause", "--reason", "no rooms today")
            #expect(try await Self.run(agency, "travel", "42").text.hasSuffix("\n  travel is paused: no rooms today"))
        }
    }

    @Test func `a timer that is late because nobody runs is told`() async throws {
        try await ThrowawayDatabase.with { database in
            let agency = Application(postgres: database.configuration) { Processes(Trips.self, calling: Hotel()) }
            try await agency.migrate()
            let words = try ProcessesCommand.syntax.parse([])
            #expect(try await ProcessesCommand(agency).run(words).exitCode == .success)
            try await agency.pool.execute(
                """
                INSERT INTO martlet.process_timers (build, due_at, number, partition, instance, timer)
                SELECT build, clock_timestamp() - interval '1 hour', 1, 0, '42', 'checkout'
                FROM martlet.projection_builds
                """)
            let all = try await ProcessesCommand(agency).run(words)
            #expect(all.exitCode == .failure)
            #expect(all.text.contains("travel has something to do, and no process works on it"))
        }
    }

    @Test func `a process manager is no projection, and migrate lets it begin`() async throws {
        try await ThrowawayDatabase.with { database in
            let agency = Application(postgres: database.configuration) { Processes(Trips.self, calling: Hotel()) }
            #expect(try await agency.pendingTables() == ["travel"])
            #expect(agency.projections.isEmpty)
            let migrate = MigrateCommand(agency)
            let dry = try await migrate.run(try MigrateCommand.syntax.parse(["--dry-run"]))
            #expect(dry.hasSuffix("\nwould begin process travel"))
            let done = try await migrate.run(try MigrateCommand.syntax.parse([]))
            #expect(done.hasSuffix("\nbegan process travel"))
            #expect(try await agency.pendingTables().isEmpty)
            #expect(
                try await migrate.run(try MigrateCommand.syntax.parse([]))
                    == "nothing to do: \"martlet\", \"read_models\" up to date")
            let list = try await ProjectionsCommand(agency).run(try ProjectionsCommand.syntax.parse([]))
            #expect(list.text == "the application has no projections")
            await #expect(throws: UsageError.self) {
                try await RebuildCommand(agency).run(try RebuildCommand.syntax.parse(["travel", "--dry-run"]))
            }
        }
    }
}
