import MartletDomain
import MartletJSON
import MartletPostgres

extension Instance {
    /// - Throws: ``UnreadableInstance``.
    init(_ row: Row, of name: String) throws {
        let status = try row.decode("status", as: String.self)
        guard let known = InstanceStatus(rawValue: status) else {
            throw UnreadableInstance(process: name, problem: "expected a status, found \"\(status)\"")
        }
        do {
            book = try PayloadDecoder().decode(Book.self, from: try row.decode("book", as: JSON.self).bytes)
        } catch {
            throw UnreadableInstance(process: name, problem: "its bookkeeping: \(error)")
        }
        (self.status, reason) = (known, try row.decode("reason", as: String?.self))
        phase = try row.decode("phase")
        state = try row.decode("state", as: JSON.self).bytes
        stateVersion = Int(try row.decode("state_version", as: Int32.self))
    }
}

/// A row that is not what it must be.
struct UnreadableInstance: Error, CustomStringConvertible {
    let process: String
    let problem: String

    var description: String { "process \"\(process)\": an instance cannot be read: \(problem)" }
}

/// Rows of `process_effects` to be inserted.
struct IssuedRows {
    private var numbers: [Int32] = []
    private var partitions: [Int16] = []
    private var undone: [Int32?] = []
    private var areUndos: [Bool] = []
    private var instances: [String] = []
    private var kinds: [String] = []
    private var targets: [String] = []
    private var steps: [String] = []
    private var bodies: [JSON] = []
    private var metadata: [JSON] = []

    mutating func add(_ effect: IssuedEffect, of instance: String, in partition: Int, _ metadata: [UInt8]) {
        numbers.append(Int32(clamping: effect.number))
        partitions.append(Int16(partition))
        undone.append(effect.undoes.map { Int32(clamping: $0) })
        areUndos.append(effect.isUndo)
        instances.append(instance)
        kinds.append(effect.outgoing.kind.rawValue)
        targets.append(effect.outgoing.target)
        steps.append(effect.outgoing.step.rawValue.storable)
        bodies.append(JSON(bytes: Array(effect.outgoing.body.utf8)))
        self.metadata.append(JSON(bytes: metadata))
    }

    /// Numbered in the order in which they were issued; nil when there are none.
    func insertion(_ build: Int64, _ schema: SQLIdentifier) -> SQL? {
        guard !numbers.isEmpty else { return nil }
        return """
            INSERT INTO \(schema).process_effects
                (build, number, undoes, partition, is_undo, instance, kind, target, step, body, metadata)
            SELECT \(build), e.number, e.undoes, e.partition, e.is_undo, e.instance, e.kind, e.target, e.step, e.body,
                e.metadata
            FROM unnest(
                \(numbers), \(undone), \(partitions), \(areUndos), \(instances), \(kinds), \(targets), \(steps), \(bodies),
                \(metadata)
            ) WITH ORDINALITY
                AS e (number, undoes, partition, is_undo, instance, kind, target, step, body, metadata, place)
            ORDER BY e.place
            """
    }
}

/// Rows of `process_history` to be inserted.
struct HistoryRows {
    private var positions: [Int64] = []
    private var instances: [String] = []
    private var inputs: [String] = []
    private var statuses: [String] = []
    private var phasesBefore: [String?] = []
    private var phases: [String] = []
    private var ignored: [String?] = []
    private var effects: [JSON] = []

    mutating func add(
        _ input: String, _ reaction: Reaction, _ key: String, _ position: GlobalPosition, _ before: String?,
        _ instance: Instance
    ) throws {
        positions.append(position.rawValue)
        instances.append(key)
        inputs.append(input.storable)
        statuses.append(instance.status.rawValue)
        phasesBefore.append(before?.storable)
        phases.append(instance.phase.storable)
        ignored.append(reaction.ignored)
        effects.append(JSON(bytes: try PayloadEncoder().encode(reaction.changes.compactMap(RecordedEffect.init))))
    }

    func insertion(_ build: Int64, _ schema: SQLIdentifier) -> SQL {
        """
        INSERT INTO \(schema).process_history
            (build, position, instance, input, status, phase_before, phase, ignored, effects)
        SELECT \(build), h.* FROM unnest(
            \(positions), \(instances), \(inputs), \(statuses), \(phasesBefore), \(phases), \(ignored), \(effects)
        ) AS h (position, instance, input, status, phase_before, phase, ignored, effects)
        """
    }
}
