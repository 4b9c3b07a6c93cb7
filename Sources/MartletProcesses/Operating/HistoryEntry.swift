public import FoundationEssentials
public import MartletDomain
import MartletJSON
import MartletPostgres

/// One input of an instance, and what it has led to.
public struct HistoryEntry: Hashable, Sendable, Encodable {
    /// Of the event, in the log.
    public let position: GlobalPosition
    /// When the event was recorded; nil where the log has it no more.
    public let recordedAt: Date?
    public let reactedAt: Date
    /// The event's type, and of what came back to the instance its step or timer, such as `authorise answered`.
    public let input: String
    public let stream: String?
    /// Who asked for what led to it, as the event's metadata has it.
    public let actor: String?
    /// What the instance has come to by it.
    public let status: InstanceStatus
    /// Nil for the input that started it.
    public let phaseBefore: String?
    public let phase: String
    /// Why the input has changed nothing; nil when it was taken.
    public let ignored: String?
    /// What the process asked for, in its order.
    public let effects: [RecordedEffect]

    init(_ row: Row, of process: String) throws {
        position = GlobalPosition(rawValue: try row.decode("position"))
        recordedAt = try row.decode("recorded_at", as: Date?.self)
        reactedAt = try row.decode("reacted_at")
        input = try row.decode("input")
        stream = try row.decode("stream_id", as: String?.self)
        actor = try row.decode("actor", as: String?.self)
        let word = try row.decode("status", as: String.self)
        guard let status = InstanceStatus(rawValue: word) else {
            throw UnreadableInstance(process: process, problem: "expected a status in its history, found \"\(word)\"")
        }
        self.status = status
        phaseBefore = try row.decode("phase_before", as: String?.self)
        phase = try row.decode("phase")
        ignored = try row.decode("ignored", as: String?.self)
        effects = try PayloadDecoder().decode(
            [RecordedEffect].self, from: try row.decode("effects", as: JSON.self).bytes)
    }
}
