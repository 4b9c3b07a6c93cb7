import MartletDomain
import MartletPostgres

/// Waits until a projection has reached a position, in whatever processes it runs.
struct CatchUp: Sendable {
    let projection: String
    let position: GlobalPosition
    let surroundings: ProjectionSurroundings
    /// How long to trust in being told.
    static let pollInterval: Duration = .milliseconds(250)
    private static let askInterval: Duration = .seconds(1)

    func isReached(by deadline: ContinuousClock.Instant) async throws -> Bool {
        var nextAsk = ContinuousClock.now
        while true {
            try Task.checkCancellation()
            let generation = await surroundings.progress.generation
            let (reached, partitions) = try await place()
            if reached >= position { return true }
            guard deadline > .now else { return false }
            if nextAsk <= .now {
                nextAsk = .now + Self.askInterval
                // What moved before anybody knew that somebody waits was not told: so look again before waiting.
                try await ask(partitions)
            } else {
                await surroundings.progress.wait(since: generation, atMost: min(Self.pollInterval, deadline - .now))
            }
        }
    }

    /// The position up to which all partitions have come, and how many there are.
    private func place() async throws -> (GlobalPosition, partitions: Int) {
        let schema = surroundings.schema
        let row = try await surroundings.pool.query(
            """
            SELECT coalesce(min(p.position), 0), count(*) FROM \(schema).projection_builds b
            JOIN \(schema).projection_partitions p ON p.build = b.build
            WHERE b.projection = \(projection) AND b.stage = 'live'
            """)[0]
        let (position, partitions) = try row.decode(Int64.self, Int64.self)
        return (GlobalPosition(rawValue: position), Int(partitions))
    }

    /// Has partitions that are idle store where they are; and has other processes tell, where they have a part in it.
    private func ask(_ partitions: Int) async throws {
        if surroundings.standings.ask(projection, for: position, isFromElsewhere: false) {
            await surroundings.signal.wake()
        }
        guard surroundings.standings.partitions(of: projection) < partitions else { return }
        await surroundings.listen()
        try await surroundings.pool.query(
            ProgressMessage.asked(projection, for: position).notification(in: surroundings.schema))
    }
}
