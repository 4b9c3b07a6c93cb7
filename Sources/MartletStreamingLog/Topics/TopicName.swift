/// A topic's name: 1 to 249 letters, digits, dots, underscores and hyphens, but not "." or "..", as Kafka has it.
public struct TopicName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let description: String

    /// - Throws: ``Invalid`` with the name that was found.
    public init(_ name: String) throws(Invalid) {
        guard name.utf8.allSatisfy(\.isAllowedInTopicName), (1...249).contains(name.utf8.count),
            name != ".", name != ".."
        else { throw Invalid(name: name) }
        description = name
    }

    public struct Invalid: Error, Hashable, CustomStringConvertible {
        public let name: String

        public var description: String {
            "expected a topic's name of 1 to 249 letters, digits, '.', '_' and '-', found \"\(name)\""
        }
    }

    public static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}

extension TopicName: ExpressibleByStringLiteral {
    /// A literal is the programmer's own, so one that breaks the rule is a broken promise and stops the program.
    public init(stringLiteral name: StaticString) {
        do throws(Invalid) { try self.init(name.description) } catch { preconditionFailure(error.description) }
    }
}

extension UInt8 {
    fileprivate var isAllowedInTopicName: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
