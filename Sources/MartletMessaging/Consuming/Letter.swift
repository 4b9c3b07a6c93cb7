import FoundationEssentials
import MartletPostgres
import MartletStreamingLog

/// A message that could not be handled, or waits behind one, as it is kept.
struct Letter: Sendable {
    enum State: String, Sendable {
        case waiting, dead, replayed, discarded

        init(stored word: String) throws {
            guard let state = Self(rawValue: word) else {
                throw InboxError.corrupt("expected a letter's state, found \"\(word)\"")
            }
            self = state
        }
    }

    let id: Int64
    let inbox: Int64
    let message: Message
    let state: State
    let attempts: Int
    let problem: String?
    let parkedAt: Date
    let diedAt: Date?

    /// The columns that it is made of, of tables "l" and "i".
    static let columns: SQL = """
        l.letter, l.inbox, i.topic, i.partition, l."offset", l.created_at, l.appended_at, l.message_id, l.key, l.value, \
        l.headers, l.state, l.attempts, l.problem, l.parked_at, l.died_at
        """

    init(_ row: Row) throws {
        id = try row.decode(column: 0)
        inbox = try row.decode(column: 1)
        let partition = TopicPartition(
            try TopicName(try row.decode(column: 2, as: String.self)), Int(try row.decode(column: 3, as: Int32.self)))
        let headers: Bytea? = try row.decode(column: 10)
        guard let decoded = [Record.Header](encoded: headers?.bytes ?? []) else {
            throw InboxError.corrupt("letter \(id): expected headers, found something else")
        }
        message = Message(
            StoredRecord(
                partition: partition, offset: Offset(rawValue: try row.decode(column: 4)),
                key: try row.decode(column: 8, as: Bytea?.self)?.bytes,
                value: try row.decode(column: 9, as: Bytea?.self)?.bytes, headers: decoded,
                messageID: try row.decode(column: 7), timestamp: try row.decode(column: 5),
                appendedAt: try row.decode(column: 6)))
        state = try State(stored: try row.decode(column: 11))
        attempts = Int(try row.decode(column: 12, as: Int32.self))
        problem = try row.decode(column: 13)
        parkedAt = try row.decode(column: 14)
        diedAt = try row.decode(column: 15)
    }
}

/// Messages on their way into the table of letters, column by column.
struct NewLetters {
    private var offsets: [Int64] = []
    private var states: [String] = []
    private var createdAt = ArrayBuilder(of: .timestamptz)
    private var appendedAt = ArrayBuilder(of: .timestamptz)
    private var messageIDs = ArrayBuilder(of: .text)
    private var keys = ArrayBuilder(of: .bytea)
    private var values = ArrayBuilder(of: .bytea)
    private var headers = ArrayBuilder(of: .bytea)

    init(_ messages: [Message], state: (Message) -> Letter.State) throws(PostgresError) {
        for message in messages {
            let record = message.record
            offsets.append(record.offset.rawValue)
            states.append(state(message).rawValue)
            try createdAt.append(record.timestamp)
            try appendedAt.append(record.appendedAt)
            try messageIDs.append(record.messageID)
            try keys.append(record.key.map { Bytea($0) })
            try values.append(record.value.map { Bytea($0) })
            try headers.append(record.headers.isEmpty ? nil : Bytea(record.headers.encoded))
        }
    }

    /// - Parameters:
    ///   - attempts: how often they were tried.
    ///   - delay: when the one that failed is tried again; nil for those that wait behind another, and for dead ones.
    func statement(for inbox: Inbox, attempts: Int = 0, problem: String? = nil, delay: Duration? = nil) -> SQL {
        """
        INSERT INTO \(inbox.schema).letters (inbox, "offset", retry_inbox, next_try_at, created_at, appended_at, died_at,
            attempts, state, unsent_consumer, message_id, problem, key, value, headers)
        SELECT \(inbox.id), u."offset", CASE WHEN \(delay != nil) THEN \(inbox.id) END,
            clock_timestamp() + \(delay?.inMicroseconds) * interval '1 microsecond', u.created_at, u.appended_at,
            CASE WHEN u.state = 'dead' THEN clock_timestamp() END, \(Int32(clamping: attempts)), u.state,
            CASE WHEN u.state = 'dead' THEN \(inbox.consumer) END, u.message_id, \(problem), u.key, u.value, u.headers
        FROM unnest(\(offsets), \(states), \(createdAt), \(appendedAt), \(messageIDs), \(keys), \(values), \(headers))
            WITH ORDINALITY u ("offset", state, created_at, appended_at, message_id, key, value, headers, ordinal)
        ORDER BY u.ordinal
        """
    }
}

extension Duration {
    /// Whole ones; what is beyond 64 bits becomes the most.
    var inMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? .max : product &+ attoseconds / 1_000_000_000_000
    }
}
