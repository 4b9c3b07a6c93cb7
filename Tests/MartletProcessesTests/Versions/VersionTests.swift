import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct VersionTests {
    /// Deploys a program for as long as it takes to follow the log to its end.
    private func deploy(
        _ processes: Processes, on office: ErrandOffice, _ body: (ProcessHandle) async throws -> Void = { _ in }
    ) async throws {
        try await office.running(processes) { program in
            let process = try #require(program.processes.first)
            #expect(try await process.follower.caughtUp(to: try await program.store.head(), within: .seconds(20)))
            try await body(process)
        }
    }

    private struct Trip: Equatable {
        let status: String
        let version: Int
        let phase: String
        let state: String

        init(_ status: String, _ version: Int, _ phase: String, _ state: String) {
            (self.status, self.version, self.phase, self.state) = (status, version, phase, state)
        }
    }

    private func trip(_ key: String, on office: ErrandOffice) async throws -> Trip {
        let found = try #require(try await office.instance(key))
        return Trip(found.status, found.version, found.phase, found.state)
    }

    @Test func `a state goes through all upcasts when the next input comes`() async throws {
        try await ErrandOffice.with { office in
            try await office.ask("1")
            try await deploy(Processes(TripOnFoot.self), on: office)
            #expect(try await trip("1", on: office) == Trip("running", 1, "on foot", #"{"walked":1}"#))
            try await office.tell("1")
            try await deploy(Processes(TripByTrain.self), on: office)
            #expect(try await trip("1", on: office) == Trip("running", 3, "by train", #"{"ridden":2}"#))
        }
    }

    @Test func `who is pinned goes on as it began, to its end, and others are of today`() async throws {
        try await ErrandOffice.with { office in
            for key in ["1", "2"] { try await office.ask(key, .send("a", undo: .command)) }
            try await deploy(Processes(TripOnFoot.self), on: office)
            try await office.tell("1")
            try await office.tell("1", .compensate)
            try await office.tell("2", .complete)
            try await office.ask("3")
            try await deploy(Processes(TripOfChoice.self), on: office) { (_) async throws in
                let ended: SQL = "SELECT FROM martlet.process_instances WHERE ended_at IS NOT NULL"
                #expect(try await office.count(ended, becomes: 2) == 2)
            }
            #expect(try await trip("1", on: office) == Trip("compensated", 1, "on foot", #"{"walked":3}"#))
            #expect(try await trip("2", on: office) == Trip("completed", 1, "on foot", #"{"walked":2}"#))
            #expect(try await trip("3", on: office) == Trip("running", 3, "by train", #"{"ridden":1}"#))
            let undone: SQL = "SELECT FROM martlet.events WHERE type = 'desk.took' AND payload->>'_0' = 'undo a'"
            #expect(try await office.count(undone, becomes: 1, within: .zero) == 1)
        }
    }

    @Test func `a state newer than the program parks its instance, which goes on under a newer one`() async throws {
        try await ErrandOffice.with { office in
            try await office.ask("1")
            try await deploy(Processes(TripByBicycle.self), on: office)
            try await office.tell("1")
            try await office.ask("2")
            try await deploy(Processes(TripOnFoot.self), on: office) { (process) async throws in
                try await office.tell("1", .complete)
                let letters: SQL = "SELECT FROM martlet.dead_letters WHERE state = 'parked'"
                #expect(try await office.count(letters, becomes: 2) == 2)
                let problem = try await process.follower.retry("1").problem
                #expect(problem == #"process "trip": expected a state of version 1 or older, found 2"#)
            }
            #expect(try await office.parked() == ["1": 2])
            #expect(try await trip("2", on: office) == Trip("running", 1, "on foot", #"{"walked":1}"#))
            try await deploy(Processes(TripByBicycle.self), on: office) { (process) async throws in
                #expect(try await process.follower.retry("1").projected == 2)
            }
            #expect(try await trip("1", on: office) == Trip("completed", 2, "by bicycle", #"{"cycled":3}"#))
        }
    }

    @Test func `an upcast that throws parks its instance, until a mended one is deployed`() async throws {
        try await ErrandOffice.with { office in
            try await office.ask("1")
            try await deploy(Processes(TripOnFoot.self), on: office)
            try await office.tell("1")
            try await office.ask("2")
            try await deploy(Processes(TripByBrokenBicycle.self), on: office)
            #expect(try await office.parked() == ["1": 1])
            #expect(try await trip("1", on: office) == Trip("running", 1, "on foot", #"{"walked":1}"#))
            #expect(try await trip("2", on: office).version == 2)
            try await deploy(Processes(TripByBicycle.self), on: office) { (process) async throws in
                #expect(try await process.follower.retry("1").projected == 1)
            }
            #expect(try await trip("1", on: office) == Trip("running", 2, "by bicycle", #"{"cycled":2}"#))
        }
    }

    @Test func `a process that begins now takes nothing of the log there is, one that begins at the first all`()
        async throws
    {
        try await ErrandOffice.with { office in
            for key in ["1", "2", "3"] { try await office.ask(key) }
            try await deploy(Processes(TripOnFoot.self), on: office)
            _ = try await office.program(Processes(Errand.self, calling: Oracle()))
            try await office.ask("4")
            try await deploy(Processes(Errand.self, calling: Oracle()), on: office)
            let rows = try await office.clerk.pool.query(
                """
                SELECT b.projection, i.instance FROM martlet.process_instances i
                JOIN martlet.projection_builds b USING (build) ORDER BY 1, 2
                """
            ).map { row in
                let (process, instance) = try row.decode(String.self, String.self)
                return "\(process) \(instance)"
            }
            #expect(rows == ["errand 4", "trip 1", "trip 2", "trip 3"])
        }
    }
}
