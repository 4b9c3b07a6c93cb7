public import MartletPostgres

/// Why a streaming log could not do what it was asked.
public enum StreamingLogError: Error, Sendable {
    case unknownTopic(TopicName)
    /// There is one of this name already, declared otherwise.
    case topicExists(TopicName)
    case unknownPartition(TopicPartition, of: Int)
    /// A topic's, record's or group's declaration cannot be.
    case invalid(String)
    case recordTooLarge(bytes: Int, limit: Int)
    /// Another one has come under the producer's id since.
    case fenced(ProducerID, epoch: Int64)
    /// The sequences that a producer sent before are not in the log.
    case missingSequences(ProducerID, TopicPartition, expected: Int64, found: Int64)
    /// What was to be read is not there any more, or not yet.
    case offsetOutOfRange(TopicPartition, Offset, expected: ClosedRange<Offset>)
    /// Somebody else has the partition now.
    case revoked(TopicPartition)
    /// The group's members read; what was asked for needs them stopped.
    case groupIsActive(GroupName, members: Int)
    /// So many records wait already, or have waited for so long, that some of these were not sent.
    case overloaded(waiting: Int)
    /// The task was cancelled before all was sent.
    case cancelled
    case database(PostgresError)
    /// A row of the log's own tables is not what it must be.
    case corrupt(String)

    /// Whether the same call may work later.
    public var isUnavailability: Bool {
        switch self {
        case .database(let error): error.isUnavailability
        case .overloaded: true
        default: false
        }
    }
}

extension StreamingLogError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownTopic(let name): "topic \"\(name)\": there is none"
        case .topicExists(let name): "topic \"\(name)\": there is one already, declared otherwise"
        case .unknownPartition(let partition, let count):
            "topic \"\(partition.topic)\": expected a partition of 0 to \(count - 1), found \(partition.number)"
        case .invalid(let problem): problem
        case .recordTooLarge(let bytes, let limit): "expected a record of at most \(limit) bytes, found \(bytes)"
        case .fenced(let producer, let epoch):
            "producer \"\(producer)\" of epoch \(epoch): another one has come under its id"
        case .missingSequences(let producer, let partition, let expected, let found):
            "producer \"\(producer)\": expected sequence \(expected) to be the last in \(partition), found \(found)"
        case .offsetOutOfRange(let partition, let offset, let range):
            "\(partition): expected an offset of \(range.lowerBound) to \(range.upperBound), found \(offset)"
        case .revoked(let partition): "\(partition) has gone to another member of the group"
        case .groupIsActive(let group, let count):
            "group \"\(group)\": expected it to be stopped, found \(count) \(count == 1 ? "member" : "members")"
        case .overloaded(let count): "not all of the records were sent: \(count) wait already"
        case .cancelled: "the task was cancelled before all was sent"
        case .database(let error): error.description
        case .corrupt(let problem): "the streaming log's tables are damaged: \(problem)"
        }
    }
}
