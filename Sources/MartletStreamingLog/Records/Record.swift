public import FoundationEssentials

/// What is appended to a topic.
public struct Record: Hashable, Sendable {
    /// Records of one key stand in one partition, in the order in which they were sent; those without go anywhere.
    public var key: [UInt8]?
    /// Nil says that what the key stands for is gone; a compacted topic forgets the key then.
    public var value: [UInt8]?
    public var headers: [Header]
    /// What tells this message from every other, for whoever receives it.
    public var messageID: String?
    /// When it happened, by the producer's clock; nil leaves that to the log.
    public var timestamp: Date?
    /// The partition, where the key is not to decide it.
    public var partition: Int?
    /// A number that rises with each record that one producer sends to one partition, such as a place in what it reads
    /// from; nil lets the producer count.
    public var sequence: Int64?

    public init(
        key: [UInt8]? = nil, value: [UInt8]?, headers: [Header] = [], messageID: String? = nil,
        timestamp: Date? = nil, partition: Int? = nil, sequence: Int64? = nil
    ) {
        (self.key, self.value, self.headers, self.messageID) = (key, value, headers, messageID)
        (self.timestamp, self.partition, self.sequence) = (timestamp, partition, sequence)
    }

    /// A name and a value beside a record's own; a name may come more than once.
    public struct Header: Hashable, Sendable {
        public var name: String
        public var value: [UInt8]?

        public init(_ name: String, _ value: [UInt8]?) {
            (self.name, self.value) = (name, value)
        }

        public init(_ name: String, _ text: String) { self.init(name, Array(text.utf8)) }
    }

    /// What it takes of a batch, about, in bytes.
    public var byteCount: Int {
        let own = (key?.count ?? 0) + (value?.count ?? 0) + (messageID?.utf8.count ?? 0)
        return headers.reduce(own + 64) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) + 8 }
    }
}

/// A record as it stands in the log.
public struct StoredRecord: Hashable, Sendable {
    public let partition: TopicPartition
    public let offset: Offset
    public let key: [UInt8]?
    public let value: [UInt8]?
    public let headers: [Record.Header]
    public let messageID: String?
    /// When it happened, by the producer's clock, or the log's where that said nothing.
    public let timestamp: Date
    /// When it was appended, by the log's clock; never earlier than the record's before it.
    public let appendedAt: Date

    package init(
        partition: TopicPartition, offset: Offset, key: [UInt8]?, value: [UInt8]?, headers: [Record.Header],
        messageID: String?, timestamp: Date, appendedAt: Date
    ) {
        (self.partition, self.offset, self.key, self.value) = (partition, offset, key, value)
        (self.headers, self.messageID) = (headers, messageID)
        (self.timestamp, self.appendedAt) = (timestamp, appendedAt)
    }

    /// What it takes of a page, about, in bytes.
    package var byteCount: Int {
        let own = (key?.count ?? 0) + (value?.count ?? 0) + 64
        return headers.reduce(own) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) + 8 }
    }

    /// The value of the last header of this name, as text; nil when there is none, or it is not UTF-8.
    public func header(_ name: String) -> String? {
        headers.last { $0.name == name }?.value.flatMap { String(validating: $0, as: UTF8.self) }
    }
}

/// Where a record came to stand.
public struct RecordPlace: Hashable, Sendable {
    public let partition: TopicPartition
    /// Nil where the log had the record already, sent by this producer earlier.
    public let offset: Offset?

    package init(partition: TopicPartition, offset: Offset?) {
        (self.partition, self.offset) = (partition, offset)
    }
}
