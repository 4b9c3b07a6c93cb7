import MartletDomain
import MartletPostgres

extension Delivery {
    /// Sees to it that an undo step undoes only what was done: a command that was still on its way when the instance
    /// began to be compensated may be refused yet.
    ///
    /// Calls are undone in any case, since whether one took effect is not known.
    /// - Returns: nil when there is something to undo.
    func endBeforeUndoing() async throws -> Outcome? {
        guard let number = pending.undoes else { return nil }
        switch try await fate(of: number) {
        case .cameToNothing:
            return try await record(
                .skipped(pending.reference, reason: "what it would undo has had no effect", by: "martlet"))
        case .isUnderWay: return .heldBack(for: .milliseconds(100))
        case .mayHaveHadEffect: return nil
        }
    }

    private enum Fate {
        case mayHaveHadEffect
        case isUnderWay
        /// It was refused; or it is parked, and is not tried again in an instance that is being compensated.
        case cameToNothing
    }

    /// Where an answer is there, or was forgotten, the effect is off the table.
    private func fate(of number: Int) async throws -> Fate {
        let schema = surroundings.schema
        let (isRefused, isParked) = try await surroundings.pool.query(
            """
            SELECT (SELECT c.rejection IS NOT NULL FROM \(schema).commands c
                    WHERE c.command_id = \("\(P.name)/\(pending.instance)/\(number).1")),
                (SELECT e.parked_at IS NOT NULL FROM \(schema).projection_builds b
                    JOIN \(schema).process_effects e ON e.build = b.build AND e.instance = \(pending.instance)
                        AND e.number = \(Int32(clamping: number)) AND e.kind = 'command'
                    WHERE b.projection = \(P.name) AND b.stage = 'live')
            """)[0].decode(Bool?.self, Bool?.self)
        if let isRefused { return isRefused ? .cameToNothing : .mayHaveHadEffect }
        return isParked.map { $0 ? .cameToNothing : .isUnderWay } ?? .mayHaveHadEffect
    }
}
