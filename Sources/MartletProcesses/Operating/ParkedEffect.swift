import MartletDomain
import MartletPostgres

/// A step that was given up, and where it stands.
struct ParkedEffect: Sendable {
    let instance: String
    let reference: EffectReference

    init(_ row: Row) throws {
        instance = try row.decode("instance")
        reference = EffectReference(
            number: Int(try row.decode("number", as: Int32.self)), round: Int(try row.decode("round", as: Int32.self)),
            step: Step(rawValue: try row.decode("step")), target: try row.decode("target"))
    }
}

extension InstanceQueries {
    /// Parked effects by their instances, but of those that have a parked input.
    func parkedPage(_ step: Step?, after last: ParkedEffect?) -> SQL {
        """
        WITH \(place)
        SELECT e.instance, e.number, e.round, e.step, e.target FROM \(schema).process_effects e
        WHERE e.build = (SELECT build FROM place) AND e.parked_at IS NOT NULL
            AND e.step = coalesce(\(step?.rawValue), e.step)
            AND (e.instance, e.number) > (\(last?.instance ?? ""), \(Int32(clamping: last?.reference.number ?? 0)))
            AND NOT EXISTS (
                SELECT FROM \(schema).dead_letters d
                WHERE d.build = e.build AND d.key = e.instance AND d.state = 'parked')
        ORDER BY e.instance, e.number LIMIT 500
        """
    }
}
