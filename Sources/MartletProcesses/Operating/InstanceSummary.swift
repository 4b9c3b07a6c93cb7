public import FoundationEssentials
import MartletPostgres

/// An instance as lists have it.
public struct InstanceSummary: Hashable, Sendable, Encodable {
    public let key: String
    /// Nil where the input that was to start it is parked.
    public let status: InstanceStatus?
    public let phase: String?
    /// Why it is or was compensated.
    public let reason: String?
    /// When it was started, or the input parked that was to start it.
    public let since: Date
    /// When it last had an input.
    public let changedAt: Date?
    public let endedAt: Date?

    init(_ row: Row) throws {
        key = try row.decode("instance")
        status = try row.decode("status", as: String?.self).flatMap(InstanceStatus.init)
        phase = try row.decode("phase", as: String?.self)
        reason = try row.decode("reason", as: String?.self)
        since = try row.decode("started_at")
        changedAt = try row.decode("changed_at", as: Date?.self)
        endedAt = try row.decode("ended_at", as: Date?.self)
    }
}

/// Which instances a list has.
public enum InstanceFilter: Hashable, Sendable {
    case status(InstanceStatus)
    /// Those that do not go on by themselves, or have not for longer than their patience; see
    /// ``InstanceReport/trouble``.
    case stuck
}
