/// A command line as its command's syntax reads it.
///
/// Asking for a name that the syntax does not declare is a programmer's error.
public struct Arguments: Hashable, Sendable {
    private let declared: Set<String>
    private let values: [String: String]
    private let flags: Set<String>

    init(declared: Set<String>, values: [String: String], flags: Set<String>) {
        self.declared = declared
        self.values = values
        self.flags = flags
    }

    /// The value of an option, or of a positional argument by its name; nil when it was not given.
    public subscript(name: String) -> String? {
        require(name)
        return values[name]
    }

    /// Whether a flag was given.
    public func has(_ flag: String) -> Bool {
        require(flag)
        return flags.contains(flag)
    }

    /// The value of an option as a number.
    /// - Throws: ``UsageError`` when it is not a whole number within the bounds.
    public func integer(_ name: String, in bounds: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text), bounds.contains(number) else {
            throw UsageError(
                "option \"--\(name)\": expected a number from \(bounds.lowerBound) to \(bounds.upperBound),"
                    + " found \"\(text)\"")
        }
        return number
    }

    private func require(_ name: String) {
        precondition(declared.contains(name), "expected a declared argument, found \"\(name)\"")
    }
}
