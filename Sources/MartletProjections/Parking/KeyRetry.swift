import MartletDomain
import MartletEventStore
import MartletPostgres

/// Projects the parked events of a key in their order, each in a transaction of its own, up to one that fails again.
struct KeyRetry<Writer: ReadModelWriter> {
    let writer: Writer
    let surroundings: ProjectionSurroundings
    let operated: OperatedKey
    private let backoff = Backoff(base: .milliseconds(50), limit: .seconds(2))

    init(_ writer: Writer, _ surroundings: ProjectionSurroundings, _ operated: OperatedKey) {
        (self.writer, self.surroundings, self.operated) = (writer, surroundings, operated)
    }

    /// Goes on until nothing of the key is parked, also with what has come to wait meanwhile.
    func run() async throws -> RetryOutcome {
        var (projected, collisions) = (0, 0)
        while let letter = try await operated.first({ sql in try await surroundings.pool.query(sql) }) {
            let event = try await event(of: letter)
            do {
                if try await project(event, letter) {
                    projected += 1
                    await writer.committed(operated.partition)
                }
                collisions = 0
            } catch let error where error.isOfTheEvent {
                let problem = String(problem: error)
                try await operated.note(problem, on: letter, surroundings.pool)
                return RetryOutcome(key: operated.key, projected: projected, problem: problem)
            } catch let error as PostgresError where error.isOfTheMoment && collisions < 10 {
                // The worker, or another operator, was in the way.
                collisions += 1
                try await Task.sleep(for: backoff.delay(after: collisions))
            }
        }
        return RetryOutcome(key: operated.key, projected: projected, problem: nil)
    }

    /// The stored event, or nil when it has no effect any more.
    private func event(of letter: OperatedKey.Letter) async throws -> RoutedEvent<Writer.Input>? {
        let before = GlobalPosition(rawValue: letter.position.rawValue - 1)
        let stored = try await surroundings.store.logPage(after: before, limit: 1).first
        guard let stored, stored.id.text == letter.eventID else {
            throw ParkingError.notInLog(letter.position)
        }
        return writer.route(stored, surroundings.store)
    }

    /// False when somebody else was faster.
    private func project(
        _ event: RoutedEvent<Writer.Input>?, _ letter: OperatedKey.Letter
    ) async throws -> Bool {
        let author = EffectAuthor.retry(key: ExactText(operated.key))
        if let event { try await writer.prepare([event], by: author) }
        return try await surroundings.pool.transaction { transaction in
            transaction.enqueue(Checkpoint.settings(tables: operated.target.tables))
            operated.enqueueLock(in: transaction)
            guard try await operated.first({ sql in try await transaction.query(sql) }) == letter else { return false }
            if let event { try await writer.write([event], by: author, in: transaction) }
            operated.enqueueEnd(of: letter, .retried, in: transaction)
            return true
        }
    }
}
