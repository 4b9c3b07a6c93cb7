import MartletDomain
import MartletPostgres

/// A command or a call that is still to be delivered.
struct PendingEffect: Hashable, Sendable {
    /// Its place among those of the partition.
    let effect: Int64
    let instance: String
    let reference: EffectReference
    let kind: Outgoing.Kind
    let isUndo: Bool
    let body: [UInt8]
    /// JSON.
    let metadata: [UInt8]
    /// How often it was tried.
    var attempts: Int
    /// The number of the command that this one undoes.
    var undoes: Int?
    /// How many tries in a row were begun of which no end is known: the process may have died of them.
    var unfinished: Int
    /// Whether it was there before this process had the partition, so that somebody else may have tried it.
    var isInherited = false
    /// Whether it was put off, so that it may have been withdrawn meanwhile.
    var wasPutOff = false
    /// By which look at the table it was found.
    var look = 0

    /// Whether a try is written down before it is made. A first one is not: of those that were under way when a process
    /// died, the next one knows that they were there.
    var isCounted: Bool { attempts > 0 || isInherited }

    /// Those of one lane are delivered one after the other: to one aggregate, or from one instance to one provider.
    var lane: Lane {
        switch kind {
        case .command: Lane(target: reference.target, instance: nil)
        case .call: Lane(target: reference.target, instance: instance)
        }
    }

    struct Lane: Hashable, Sendable {
        let target: String
        let instance: String?
    }

    /// What makes a repeated delivery the same: the process, the instance, the effect's number and its round.
    ///
    /// No two are the same, whatever slashes the instance's key has: a process's name has none, and the last part tells
    /// how many parts there are behind the key ("3.1", "3.1/end", "3/due").
    func id(in process: String) -> CommandID {
        CommandID("\(process)/\(instance)/\(reference.number).\(reference.round)")
    }
}

extension PendingEffect {
    static let columns: SQL = """
        e.effect, e.number, e.undoes, e.round, e.attempts, e.unfinished, e.is_undo, e.instance, e.kind, e.target, e.step,
        e.body,
        e.metadata
        """

    init(_ row: Row) throws {
        effect = try row.decode("effect")
        instance = try row.decode("instance")
        let kind = try row.decode("kind", as: String.self)
        self.kind = kind == "call" ? .call : .command
        reference = EffectReference(
            number: Int(try row.decode("number", as: Int32.self)), round: Int(try row.decode("round", as: Int32.self)),
            step: Step(rawValue: try row.decode("step")), target: try row.decode("target"))
        undoes = try row.decode("undoes", as: Int32?.self).map(Int.init)
        isUndo = try row.decode("is_undo")
        body = try row.decode("body", as: JSON.self).bytes
        metadata = try row.decode("metadata", as: JSON.self).bytes
        attempts = Int(try row.decode("attempts", as: Int32.self))
        unfinished = Int(try row.decode("unfinished", as: Int32.self))
    }
}
