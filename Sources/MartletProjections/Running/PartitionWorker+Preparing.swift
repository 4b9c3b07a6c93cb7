import MartletDomain
import MartletPostgres

extension PartitionWorker {
    var author: EffectAuthor { .worker(partition: tenure.lease.partition, epoch: tenure.lease.epoch) }

    /// Those of the first events that go together. Where preparing them cannot be taken back, those of parked keys go
    /// by themselves: so it is kept that an event waits before what comes after it has had its effect. Its key might be
    /// let go before a batch of both has committed, and nobody could have the effects in their order any more.
    mutating func batch(of events: ArraySlice<Event>) async throws -> [Event] {
        guard case .final = writer.preparation else { return Array(events) }
        let keys = try await knowParked().keys
        guard !keys.isEmpty, let first = events.first else { return Array(events) }
        let waits = keys.contains(ExactText(first.key))
        return Array(events.prefix { keys.contains(ExactText($0.key)) == waits })
    }

    /// Lets the writer prepare for those events whose keys are not parked.
    ///
    /// Nobody but this worker parks keys of its partition. So what is left out stays so, unless an operator has dealt
    /// with the key meanwhile.
    mutating func prepare(_ events: [Event]) async throws {
        if case .none = writer.preparation { return }
        let parked = try await knowParked()
        let free = parked.keys.isEmpty ? events : events.filter { !parked.keys.contains(ExactText($0.key)) }
        if !free.isEmpty { try await writer.prepare(free, by: author) }
    }

    private mutating func knowParked() async throws -> (keys: Set<ExactText>, parkings: Int64) {
        let known = if let parked { parked } else { try await parkedNow() }
        parked = known
        return known
    }

    /// First how often operators have changed it: what they change later, the commit finds out.
    private func parkedNow() async throws -> (keys: Set<ExactText>, parkings: Int64) {
        try await surroundings.pool.transaction { transaction in
            let row = try await transaction.query(
                """
                SELECT p.parkings FROM \(target.schema).projection_partitions p
                WHERE p.build = \(target.build) AND p.partition = \(Int16(checkpoint.partition))
                """
            ).first
            guard let row else { throw Checkpoint.Fenced() }
            return (keys: try await deadLetters.exactKeys(in: transaction), parkings: try row.decode(Int64.self))
        }
    }

    /// An event that has had its effect is not to be parked.
    func afterPreparation(_ error: any Error) -> any Error {
        guard case .final = writer.preparation, error.isOfTheEvent else { return error }
        return JudgedFailure(error, isOfTheEvent: false)
    }
}

/// A failure of which whoever met it has said whether the event is to blame.
package struct JudgedFailure: Error, CustomStringConvertible {
    package let cause: any Error
    package let isOfTheEvent: Bool
    /// Whether to stop, until an operator has looked, rather than to try again.
    package let stops: Bool

    package init(_ cause: any Error, isOfTheEvent: Bool, stops: Bool = false) {
        (self.cause, self.isOfTheEvent, self.stops) = (cause, isOfTheEvent, stops)
    }

    package var description: String { "\(cause)" }
}
