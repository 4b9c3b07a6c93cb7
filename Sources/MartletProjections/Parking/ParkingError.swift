public import MartletDomain

/// Why an operator's wish about the parked events of a projection, a publication or a process manager cannot be done.
public enum ParkingError: Error, Hashable, Sendable {
    /// Nothing of this key is parked.
    case nothingParked(projection: String, key: String)
    /// A decision needs a reason and somebody who made it.
    case unexplained(missing: String)
    /// Only an event before which a projection has stopped can be skipped.
    case notStoppedBefore(GlobalPosition, projection: String)
    /// The live tables are of another version than this program's, which must not write to them.
    case otherVersion(projection: String, live: Int, declared: Int)
    /// The log has another event there, or none: it is not the log that was read.
    case notInLog(GlobalPosition)
}

extension ParkingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .nothingParked(let name, let key):
            "\"\(name)\": expected a key of which events are parked, found \"\(key)\""
        case .unexplained(let missing): "expected \(missing) to be recorded with the decision, found none"
        case .notStoppedBefore(let position, let name):
            "\"\(name)\": expected it to have stopped before the event at position \(position)"
        case .otherVersion(let name, let live, let declared):
            "\"\(name)\": expected version \(declared) to be live, found \(live)"
        case .notInLog(let position): "expected the parked event at position \(position) of the log, found another"
        }
    }
}
