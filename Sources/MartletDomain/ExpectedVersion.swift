/// What must be true of a stream for an append to it to commit; checked under the append's lock.
public enum ExpectedVersion: Hashable, Sendable {
    /// Nothing is expected.
    case any
    /// The stream has no events.
    case noStream
    /// The stream has at least one event.
    case exists
    /// The stream's last event has just this version; `.exactly(.none)` says the same as `.noStream`.
    case exactly(StreamVersion)
}

extension ExpectedVersion: CustomStringConvertible {
    public var description: String {
        switch self {
        case .any: "any version"
        case .noStream: "no stream"
        case .exists: "an existing stream"
        case .exactly(let version): "version \(version)"
        }
    }
}
