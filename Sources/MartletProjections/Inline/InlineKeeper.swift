import MartletEventStore
import MartletPostgres

/// Catches an inline projection up where the appends do not: when it is new, or when others have appended without it.
///
/// Looks once a second, since in the usual case there is nothing to do; and then works on the projection like on any
/// other, for as long as it is behind.
struct InlineKeeper<Writer: ReadModelWriter>: Sendable {
    let writer: Writer
    let surroundings: ProjectionSurroundings
    private let pollInterval: Duration = .seconds(1)

    /// Runs until the task is cancelled.
    /// - Throws: as ``ProjectionRunner/run()``.
    func run() async throws {
        while true {
            if try await isBehind() { try await catchUp() }
            try await Task.sleep(for: pollInterval)
        }
    }

    private func catchUp() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await ProjectionRunner(writer, in: surroundings).run() }
            group.addTask { try await untilCaughtUp() }
            try await group.next()
        }
    }

    private func untilCaughtUp() async throws {
        repeat { try await Task.sleep(for: pollInterval / 20) } while try await isBehind()
    }

    /// Where it stands and the log's end come from one snapshot, in which they are the same while all appends carry it.
    private func isBehind() async throws -> Bool {
        do {
            let status = try await StatusQuery(declaration: writer.declaration, surroundings: surroundings).status()
            switch status.state {
            case .running: return status.partitions.isEmpty || status.lag > 0
            case .awaitingRebuild, .paused, .stopped: return false
            }
        } catch let error as PostgresError {
            try Task.checkCancellation()
            guard error.isUnavailability || error.isMissingSchema || error.isOfTheMoment else { throw error }
            // The runner waits for the database, and for its schema.
            return true
        }
    }
}
