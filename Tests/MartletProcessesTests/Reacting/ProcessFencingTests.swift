import FoundationEssentials
import Martlet
import MartletEventStore
import MartletTesting
import Testing

@testable import MartletProcesses
@testable import MartletProjections

@Suite(.tags(.database)) struct ProcessFencingTests {
    private let errands = Processes(Errand.self, calling: Oracle())

    /// Reacts to all events of a partition as its worker does, at a checkpoint that nobody has moved.
    private func react<Writer: ReadModelWriter>(
        _ writer: Writer, _ surroundings: ProjectionSurroundings, _ target: BuildTarget, under lease: PartitionLease
    ) async throws {
        let stored = try await surroundings.store.logPage(after: lease.position, limit: 100)
        let events = stored.compactMap { writer.route($0, surroundings.store) }.filter {
            $0.key.partition(of: target.partitions) == lease.partition
        }
        let checkpoint = Checkpoint(target: target, partition: lease.partition, epoch: lease.epoch)
        try await surroundings.pool.transaction { transaction in
            try await writer.write(events, in: transaction)
            let (old, last) = (lease.position, try #require(stored.last))
            _ = try await checkpoint.move(from: old, to: last.position, seen: [last], in: transaction)
        }
    }

    private func claims(_ office: ErrandOffice, _ program: Application, _ lease: Duration) async throws -> Claims {
        let follower = program.process(Errand.self).follower
        let target = try await Builds(follower.writer.declaration, follower.surroundings).live()
        return Claims(projection: Errand.name, target: target, member: UUID(), lease: lease, pool: office.clerk.pool)
    }

    private static let written: SQL = """
        SELECT FROM martlet.process_instances UNION ALL SELECT FROM martlet.process_effects
        UNION ALL SELECT FROM martlet.process_timers UNION ALL SELECT FROM martlet.process_history
        """

    @Test func `whoever has lost the lease leaves neither state nor effects, timers or history`() async throws {
        try await ErrandOffice.with { office in
            let program = try await office.program(errands)
            let follower = program.process(Errand.self).follower
            try await office.ask("1", .send("a", undo: nil), .startTimer("t"))
            let place = "1".partition(of: Errand.partitions)

            let zombie = try await claims(office, program, .milliseconds(1))
            let lost = try #require(try await zombie.claim().leases.first { $0.partition == place })
            try await Task.sleep(for: .milliseconds(5))
            let successor = try await claims(office, program, .seconds(30))
            let taken = try #require(try await successor.claim().leases.first { $0.partition == place })

            await #expect(throws: Checkpoint.Fenced.self) {
                try await react(follower.writer, follower.surroundings, zombie.target, under: lost)
            }
            #expect(try await office.count(Self.written, becomes: 0, within: .zero) == 0)
            try await react(follower.writer, follower.surroundings, successor.target, under: taken)
            #expect(try await office.count(Self.written, becomes: 4, within: .zero) == 4)
            // Not even the one who has reacted can do so again.
            await #expect(throws: (any Error).self) {
                try await react(follower.writer, follower.surroundings, successor.target, under: taken)
            }
            #expect(try await office.count(Self.written, becomes: 4, within: .zero) == 4)
        }
    }

    @Test func `of two owners that record an answer, one is heard, and once`() async throws {
        try await ErrandOffice.with { office in
            func owner() -> ProcessSurroundings<Errand> {
                let application = Application(postgres: office.database.configuration, connections: 4)
                return ProcessSurroundings(
                    store: application.store, pool: application.pool, schema: application.schema, gates: [:],
                    time: .database, incidents: IncidentReport { _ in })
            }
            _ = try await office.program(errands)
            try await office.ask("1", .call("a", undo: nil))
            let reference = EffectReference(number: 1, round: 1, step: "a", target: Oracle.name)
            func answer(_ step: String) throws -> JournalEvent {
                let wishes = Oracle.Answer(wishes: [.send(step, undo: nil)])
                return .answered(reference, answer: try ErrandBench.json(wishes))
            }
            let (first, second, id) = (owner(), owner(), CommandID("errand/1/1.1/end"))
            #expect(try await first.record(answer("b"), on: "1", as: id))
            #expect(try await !second.record(answer("c"), on: "1", as: id))
            #expect(try await second.record(answer("b"), on: "1", as: id))
            #expect(try await !second.record(.failed(reference, problem: "p"), on: "1", as: id))
            // As one would that had forgotten what it was sent as.
            try await office.clerk.store.append([try answer("d")], to: Journal<Errand>.ID("1"), expecting: .any)

            try await office.running(errands) { (_) async throws in
                #expect(try await office.count("SELECT FROM martlet.process_history", becomes: 3) == 3)
                #expect(try await office.count("SELECT FROM martlet.process_effects", becomes: 0) == 0)
            }
            let took: SQL = "SELECT FROM martlet.events WHERE type = 'desk.took'"
            #expect(try await office.count(took, becomes: 1, within: .zero) == 1)
            #expect(try await office.count("\(took) AND payload->>'_0' = 'b'", becomes: 1, within: .zero) == 1)
        }
    }
}
