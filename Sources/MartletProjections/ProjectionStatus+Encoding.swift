// For machines: all that the properties say, with durations in seconds and the state as a word.
extension ProjectionStatus: Encodable {
    private enum CodingKeys: String, CodingKey {
        case name, version, state, reason, position, head, lag, lagSeconds, rate, parkedKeys, lastError, partitions
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(name, forKey: .name)
        try object.encode(version, forKey: .version)
        try object.encode(state.name, forKey: .state)
        try object.encode(state.reason, forKey: .reason)
        try object.encode(position.rawValue, forKey: .position)
        try object.encode(head.rawValue, forKey: .head)
        try object.encode(lag, forKey: .lag)
        try object.encode(lagTime / .seconds(1), forKey: .lagSeconds)
        try object.encode(rate, forKey: .rate)
        try object.encode(parkedKeys, forKey: .parkedKeys)
        try object.encode(lastError, forKey: .lastError)
        try object.encode(partitions, forKey: .partitions)
    }
}

extension ProjectionStatus.Partition: Encodable {
    private enum CodingKeys: String, CodingKey {
        case partition, position, lag, lagSeconds, rate, lastError, member
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(number, forKey: .partition)
        try object.encode(position.rawValue, forKey: .position)
        try object.encode(lag, forKey: .lag)
        try object.encode(lagTime / .seconds(1), forKey: .lagSeconds)
        try object.encode(rate, forKey: .rate)
        try object.encode(lastError, forKey: .lastError)
        try object.encode(member?.text, forKey: .member)
    }
}

extension ProjectionStatus.State {
    /// A word for lists: "running", "paused", "stopped" or "awaiting rebuild".
    public var name: String {
        if case .awaitingRebuild = self { "awaiting rebuild" } else { word }
    }

    /// Why it is not running, where that is known.
    public var reason: String? {
        switch self {
        case .running: nil
        case .paused(let reason): reason
        case .stopped(let reason): reason
        case .awaitingRebuild(let live, let declared): "version \(live) is live, this program has \(declared)"
        }
    }
}
