public import FoundationEssentials
public import MartletProjections

/// How a process manager is doing, in whatever processes it runs.
public struct ProcessStatus: Sendable {
    /// How far it has followed the log. Its parked keys are instances that have an input to which the process could not
    /// react, which waits with all that came after it.
    public let follower: ProjectionStatus
    /// How many instances have each status; those that were forgotten are not counted.
    public let instances: [InstanceStatus: Int]
    /// Commands and calls that have not arrived yet, the parked ones included.
    public let effects: Int
    /// Those that were given up, and wait for an operator.
    public let parkedEffects: Int
    /// Those that run, and are not due or not taken yet.
    public let timers: Int
    /// When the next timer is due; past, for as long as it has not been taken.
    public let nextDue: Date?
    /// Instances that do not go on by themselves, or have not for longer than their patience; see
    /// ``InstanceReport/trouble``.
    public let stuck: Int

    public var name: String { follower.name }
    /// How many instances have an input to which the process could not react.
    public var parkedInstances: Int { follower.parkedKeys }

    public subscript(status: InstanceStatus) -> Int { instances[status] ?? 0 }
}

// For machines: all that the properties say, with durations in seconds and the state as a word.
extension ProcessStatus: Encodable {
    private enum CodingKeys: String, CodingKey {
        case name, state, reason, position, head, lag, lagSeconds, rate, lastError, partitions
        case running, compensating, completed, compensated, effects, parkedEffects, parkedInstances, timers, nextDue
        case stuck
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(name, forKey: .name)
        try object.encode(follower.state.name, forKey: .state)
        try object.encode(follower.state.reason, forKey: .reason)
        try object.encode(follower.position.rawValue, forKey: .position)
        try object.encode(follower.head.rawValue, forKey: .head)
        try object.encode(follower.lag, forKey: .lag)
        try object.encode(follower.lagTime / .seconds(1), forKey: .lagSeconds)
        try object.encode(follower.rate, forKey: .rate)
        try object.encode(follower.lastError, forKey: .lastError)
        try object.encode(self[.running], forKey: .running)
        try object.encode(self[.compensating], forKey: .compensating)
        try object.encode(self[.completed], forKey: .completed)
        try object.encode(self[.compensated], forKey: .compensated)
        try object.encode(effects, forKey: .effects)
        try object.encode(parkedEffects, forKey: .parkedEffects)
        try object.encode(parkedInstances, forKey: .parkedInstances)
        try object.encode(timers, forKey: .timers)
        try object.encode(nextDue, forKey: .nextDue)
        try object.encode(stuck, forKey: .stuck)
        try object.encode(follower.partitions, forKey: .partitions)
    }
}
