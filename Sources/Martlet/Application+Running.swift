import MartletEventStore
import MartletPostgres
import MartletProjections

extension Application {
    /// Keeps the projections up to date, and the process managers and publications going, until the task is cancelled,
    /// through any absence of the database. Looks after ``log``, too, where a publication goes into it.
    /// - Throws: `CancellationError`; ``EventStoreError/hole(expected:found:)``, after which nothing can be relied on.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.storage.signal.run() }
            for projection in projections { group.addTask { try await projection.run() } }
            for process in processes { group.addTask { try await process.follower.run() } }
            for publication in publications { group.addTask { try await publication.follower.run() } }
            if publishesIntoLog {
                group.addTask { try await log.run { tell(.log, logSchema.name, of: $0) } }
            }
            if let commandRetention { group.addTask { try await forgetCommands(after: commandRetention) } }
            // Not waitForAll: that would wait for the others to end before it told of the first failure.
            for try await _ in group {}
        }
    }

    /// Looks ten times in the time that answers are kept, though not more often than once a second.
    private func forgetCommands(after age: Duration) async throws {
        var failing = LastingFailure()
        while true {
            // What keeps it from forgetting now, it meets again next time; nothing else waits for it.
            do throws(EventStoreError) {
                try await store.forgetCommands(olderThan: age)
                failing.hasPassed()
            } catch {
                if failing.isToBeTold() { tell(.store, schema.name, of: error) }
            }
            try await Task.sleep(for: max(age / 10, .seconds(1)))
        }
    }

    /// Tells of what works, but grows.
    private func tell(_ keeper: ProjectionIncident.Follower, _ name: String, of failure: some Error) {
        incidents.tell(
            ProjectionIncident(kind: .keptNoOrder, of: keeper, projection: name, problem: "\(failure)"))
    }
}
