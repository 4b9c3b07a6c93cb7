/// Why an operator's wish about an instance cannot be done.
public enum ProcessOperationError: Error, Hashable, Sendable {
    case noInstance(process: String, key: String)
    case hasEnded(process: String, key: String, InstanceStatus)
    /// Only what runs can be compensated.
    case isCompensating(process: String, key: String)
    /// Nothing like it is on its way; `found` is what is.
    case noSuchStep(process: String, key: String, expected: String, found: [String])
    /// Several steps have the name; the number tells them apart.
    case ambiguousStep(process: String, key: String, step: String, numbers: [Int])
    /// It is still being tried.
    case notParked(process: String, key: String, step: String, attempts: Int)
    /// What an operator decides would wait behind a parked input: that one has to be dealt with first.
    case hasParkedInput(process: String, key: String, count: Int)
    /// No input of the instance is parked.
    case nothingParked(process: String, key: String)
    /// A decision needs a reason and somebody who made it.
    case unexplained(missing: String)
}

extension ProcessOperationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noInstance(let name, let key):
            "process \"\(name)\": expected the key of an instance that has begun and was not forgotten, found \"\(key)\""
        case .hasEnded(let name, let key, let status):
            "process \"\(name)\", instance \"\(key)\": expected it to run, found it \(status.rawValue)"
        case .isCompensating(let name, let key):
            "process \"\(name)\", instance \"\(key)\": expected it to run, found it being compensated already"
        case .noSuchStep(let name, let key, let expected, let found):
            "process \"\(name)\", instance \"\(key)\": expected a step \(expected) that has not arrived, found "
                + (found.isEmpty ? "none" : found.joined(separator: ", "))
        case .ambiguousStep(let name, let key, let step, let numbers):
            "process \"\(name)\", instance \"\(key)\": expected one step \"\(step)\" that has not arrived, found"
                + " those of the numbers \(numbers.map(String.init).joined(separator: ", "))"
        case .notParked(let name, let key, let step, let attempts):
            "process \"\(name)\", instance \"\(key)\": expected the step \"\(step)\" to be parked, found it being tried"
                + " (failed \(attempts) times)"
        case .hasParkedInput(let name, let key, let count):
            "process \"\(name)\", instance \"\(key)\": expected no parked input, found \(count): retry or discard that"
                + " first"
        case .nothingParked(let name, let key):
            "process \"\(name)\": expected an instance with a parked input, found \"\(key)\""
        case .unexplained(let missing): "expected \(missing) to be recorded with the decision, found none"
        }
    }
}
