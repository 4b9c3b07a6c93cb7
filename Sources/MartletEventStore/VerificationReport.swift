public import MartletDomain

/// What a build can read of the events in a store, and what it cannot.
public struct VerificationReport: Hashable, Encodable, Sendable {
    /// The log up to here has been read.
    public internal(set) var position = GlobalPosition.start
    /// Declared histories that contradict themselves; no event of their types can be read or written.
    public internal(set) var flaws: [String] = []
    /// What is stored of the known categories, in the order of type and version.
    public internal(set) var types: [VerifiedType] = []
    /// What is stored of categories that nobody claims, in the order of their names; not decoded.
    public internal(set) var unknownCategories: [UnknownCategory] = []

    /// The events of one type and version.
    public struct VerifiedType: Hashable, Encodable, Sendable {
        public let type: String
        public let typeVersion: Int
        public internal(set) var count = 0
        public internal(set) var unreadable = 0
        /// The first ten that cannot be read.
        public internal(set) var firstUnreadable: [Unreadable] = []
    }

    /// An event that the build cannot read.
    public struct Unreadable: Hashable, Encodable, Sendable {
        public let position: GlobalPosition
        public let stream: String
        public let version: StreamVersion
        public let problem: String
    }

    /// A category that the build does not know.
    public struct UnknownCategory: Hashable, Encodable, Sendable {
        public let category: String
        public internal(set) var count = 0
    }

    /// Events of known categories.
    public var count: Int { types.reduce(0) { $0 + $1.count } }
    public var unreadable: Int { types.reduce(0) { $0 + $1.unreadable } }
    /// Whether every event of the known categories can be read; retired ones can.
    public var isReadable: Bool { unreadable == 0 && flaws.isEmpty }
}

extension VerificationReport {
    private enum CodingKeys: CodingKey {
        case isReadable, position, count, unreadable, flaws, types, unknownCategories
    }

    /// With the sums, so that a script need not add up.
    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(isReadable, forKey: .isReadable)
        try members.encode(position, forKey: .position)
        try members.encode(count, forKey: .count)
        try members.encode(unreadable, forKey: .unreadable)
        try members.encode(flaws, forKey: .flaws)
        try members.encode(types, forKey: .types)
        try members.encode(unknownCategories, forKey: .unknownCategories)
    }
}
