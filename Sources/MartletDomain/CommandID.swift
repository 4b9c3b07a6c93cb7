/// What makes a command the same command when it is sent again: chosen by the sender, unique in the log for ever.
///
/// Any string makes one; the event store refuses those that it cannot keep. Equal where the bytes are, like
/// ``StreamName``.
public struct CommandID: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    /// The longest id, in UTF-8 bytes, that fits the commands' index with room to spare.
    public static let maximumLength = 500

    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public init(_ text: String) { self.init(rawValue: text) }

    public var description: String { rawValue }

    /// What keeps this id from being stored, worded for a person, or nil when nothing does.
    public var flaw: String? {
        let length = rawValue.utf8.count
        if length == 0 { return "expected a command id, found an empty one" }
        if length > Self.maximumLength {
            return "expected a command id of at most \(Self.maximumLength) bytes, found \(length)"
        }
        return rawValue.utf8.contains(0) ? "expected no NUL character in the command id" : nil
    }
}

extension CommandID {
    public static func == (left: Self, right: Self) -> Bool { left.rawValue.hasSameBytes(as: right.rawValue) }

    // RawRepresentable has a `!=` of its own, which compares raw values.
    public static func != (left: Self, right: Self) -> Bool { !(left == right) }

    public func hash(into hasher: inout Hasher) { rawValue.hashBytes(into: &hasher) }
}

extension CommandID: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self.init(text) }
}
