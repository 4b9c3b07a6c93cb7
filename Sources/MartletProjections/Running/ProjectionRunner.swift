import MartletDomain
import MartletEventStore
import MartletPostgres

/// Runs a projection in this process: finds the build that is live, and works on its partitions for as long as it is.
struct ProjectionRunner<Writer: ReadModelWriter>: Sendable {
    let writer: Writer
    let surroundings: ProjectionSurroundings
    private let backoff = Backoff(base: .milliseconds(50), limit: .seconds(5))

    init(_ writer: Writer, in surroundings: ProjectionSurroundings) {
        (self.writer, self.surroundings) = (writer, surroundings)
    }

    /// Runs until the task is cancelled.
    /// - Throws: `CancellationError`; ``EventStoreError/hole(expected:found:)``, after which nothing can be relied on;
    ///   ``ProjectionError/declaredOtherwise(projection:version:)``.
    func run() async throws {
        var failures = 0
        while true {
            do {
                try await runLiveBuild()
                failures = 0
            } catch let error as PostgresError {
                guard !Task.isCancelled, error.isUnavailability || error.isMissingSchema || error.isOfTheMoment else {
                    throw error
                }
                failures += 1
                try await Task.sleep(for: backoff.delay(after: failures))
            }
        }
    }

    /// Returns when another build is live.
    private func runLiveBuild() async throws {
        let target = try await Builds(writer.declaration, surroundings).live()
        guard target.version == writer.declaration.version else {
            // A program of that version moves it; a rebuild makes this one live.
            return try await Task.sleep(for: surroundings.lease / 3)
        }
        try await withThrowingTaskGroup(of: Crew<Writer>.News.self) { group in
            var crew = Crew(writer, surroundings, target)
            do {
                try await crew.work(&group)
            } catch {
                await crew.disband(&group)
                throw error
            }
            await crew.disband(&group)
        }
    }
}
