import MartletPostgres

/// The reading of one partition by the caller's closure, for as long as the member has it.
struct Reading: Sendable {
    let tenure: Tenure
    let group: GroupName
    let options: ConsumeOptions
    let clock: LeaseClock
    let storage: any GroupStorage
    let body: Membership.Body

    private var partition: TopicPartition { tenure.lease.partition }

    /// How one of those ended who work beside each other.
    private enum End: Sendable {
        case read(Result<Void, any Error>)
        case watched
    }

    /// - Throws: what the closure throws, unless it was to end.
    func run() async throws -> Membership.News {
        var outcome: Result<Void, any Error> = .success(())
        await withTaskGroup(of: End.self) { tasks in
            tasks.addTask { .read(await read()) }
            tasks.addTask {
                await tenure.revoked()
                return .watched
            }
            tasks.addTask {
                do throws(CancellationError) {
                    try await clock.runOut()
                    tenure.revoke()
                } catch {}
                return .watched
            }
            // Whoever ends first ends the others.
            for await end in tasks {
                if case .read(let result) = end { outcome = result }
                tasks.cancelAll()
            }
        }
        try Task.checkCancellation()
        if tenure.isRevoked { return .stopped(partition) }
        switch outcome {
        case .success: return .finished(partition)
        // It knew before the next claim does.
        case .failure(StreamingLogError.revoked(partition)): return .stopped(partition)
        case .failure(let error): throw error
        }
    }

    private func read() async -> Result<Void, any Error> {
        do {
            let reader = try await PartitionReader(of: tenure.lease, for: group, options, in: storage)
            do { try await body(reader) } catch {
                await reader.close()
                throw error
            }
            await reader.close()
            return .success(())
        } catch { return .failure(error) }
    }
}

/// Tries again for as long as the log is away, unless the task is cancelled.
func persisting<Result: Sendable>(
    _ body: @Sendable () async throws(StreamingLogError) -> Result
) async throws -> Result {
    let backoff = Backoff(base: .milliseconds(50), limit: .seconds(1))
    var failures = 0
    while true {
        do throws(StreamingLogError) { return try await body() } catch {
            try Task.checkCancellation()
            guard error.isPassing else { throw error }
        }
        failures += 1
        try await Task.sleep(for: backoff.delay(after: failures))
    }
}
