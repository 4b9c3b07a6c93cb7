import MartletDomain
import MartletPostgres
import MartletProjections
import MartletStreamingLog

/// A consumer's inbox of one partition, in the consumer's database.
struct Inbox: Sendable {
    let id: Int64
    let consumer: String
    let partition: TopicPartition
    let pool: ConnectionPool
    let schema: SQLIdentifier

    /// What somebody knows who takes turns: true for as long as nobody else takes one.
    struct Ledger: Sendable {
        var turn: Int64
        /// Where the inbox's row stands.
        var place: String?
        /// Up to where the producers' messages are taken, of those that were asked for; nil for none.
        var marks: [ExactText: Mark?] = [:]
    }

    struct Mark: Sendable {
        var sequence: Int64
        /// Where its row stands.
        var place: String?
    }

    struct Beginning: Sendable {
        let inbox: Inbox
        let nextOffset: Offset?
        let isSuspect: Bool
    }

    static func begin(
        _ partition: TopicPartition, of consumer: String, in schema: SQLIdentifier, _ pool: ConnectionPool
    ) async throws -> Beginning {
        let rows = try await pool.query(
            """
            SELECT inbox, next_offset, is_suspect FROM \(schema).begin_inbox(
                \(consumer), \(partition.topic.description), \(Int32(clamping: partition.number)))
            """)
        guard let row = rows.first else { throw InboxError.corrupt("expected an inbox, found none") }
        let (id, offset, isSuspect) = try row.decode(Int64.self, Int64?.self, Bool.self)
        let inbox = Inbox(id: id, consumer: consumer, partition: partition, pool: pool, schema: schema)
        return Beginning(inbox: inbox, nextOffset: offset.map { Offset(rawValue: $0) }, isSuspect: isSuspect)
    }

    /// Takes note that the member has ended in good order: what it tried last has not ended the process. Not so where another
    /// has taken over already.
    func leave(after ledger: Ledger) async throws {
        try await pool.query(
            """
            UPDATE \(schema).inboxes SET claimed_offset = NULL, tried_offset = -1, tries = 0
            WHERE inbox = \(id) AND turn = \(ledger.turn)
            """)
    }

    /// Takes the next turn, moves marks and takes ids, as the first thing that a transaction does.
    /// - Returns: what is known once it has committed, and of each id whether it is new.
    /// - Throws: a serialization failure when somebody else has taken the turn.
    func takeTurn(
        after ledger: Ledger, to offset: Offset? = nil, marks: [ExactText: Int64] = [:], ids: [String] = [],
        in transaction: Transaction
    ) async throws -> (ledger: Ledger, fresh: [Bool]) {
        let moved = marks.map { (producer: $0.key, sequence: $0.value) }
        let places = moved.map { (ledger.marks[$0.producer] ?? nil)?.place }
        var statements: [SQL] = [
            // Here, since a transaction pooler may have dropped what the session asked for when it began.
            .prepared(
                """
                SELECT set_config('lock_timeout', '2s', true),
                    set_config('idle_in_transaction_session_timeout', '2s', true)
                """),
            .prepared(
                """
                SELECT place_now::text, places_now::text[] FROM \(schema).take_turn(
                    \(id), \(ledger.turn), \(ledger.place)::text::tid, \(offset?.rawValue), \(moved.map(\.producer.text)),
                    \(moved.map(\.sequence)), \(places)::text[]::tid[])
                """),
        ]
        if !ids.isEmpty { statements.append("SELECT \(schema).take_ids(\(consumer), \(ids))") }
        let answers = try await transaction.pipeline(statements)
        guard let row = answers[1].first else { throw InboxError.corrupt("expected a turn, found none") }
        let (place, placesNow) = try row.decode(String.self, [String?].self)
        var next = ledger
        (next.turn, next.place) = (ledger.turn + 1, place)
        for (mark, place) in zip(moved, placesNow) {
            next.marks.updateValue(Mark(sequence: mark.sequence, place: place), forKey: mark.producer)
        }
        let fresh = ids.isEmpty ? [] : try answers[2].first?.decode([Bool].self) ?? []
        guard fresh.count == ids.count else {
            throw InboxError.corrupt("expected \(ids.count) ids to be taken or known, found \(fresh.count)")
        }
        return (next, fresh)
    }

    /// Counts the try of a message that the member before may have died of; answers with how often it was tried before.
    func countTry(of offset: Offset, after ledger: Ledger) async throws -> Int {
        let rows = try await pool.query(
            """
            UPDATE \(schema).inboxes i
            SET tried_offset = \(offset.rawValue),
                tries = CASE WHEN i.tried_offset = \(offset.rawValue) THEN i.tries + 1 ELSE 1 END
            WHERE i.inbox = \(id) AND i.turn = \(ledger.turn) RETURNING i.tries - 1
            """)
        guard let row = rows.first else { throw InboxError.moved }
        return Int(try row.decode(column: 0, as: Int32.self))
    }

    /// Takes nothing more, whoever has the partition, until an operator has looked.
    func stop(because reason: String, after ledger: Ledger) async throws {
        let rows = try await pool.query(
            """
            UPDATE \(schema).inboxes i SET turn = i.turn + 1, stopped = \(reason.asProblem)
            WHERE i.inbox = \(id) AND i.turn = \(ledger.turn) RETURNING i.turn
            """)
        if rows.isEmpty { throw InboxError.moved }
    }

    /// Takes note for an operator of why the last try failed.
    func tell(_ problem: String) async throws {
        try await pool.query("UPDATE \(schema).inboxes SET problem = \(problem) WHERE inbox = \(id)")
    }

    /// Takes note that a hole was passed, as an operator had allowed.
    func forgetAcceptance(in transaction: Transaction) {
        transaction.enqueue("UPDATE \(schema).inboxes SET accepts_hole = false WHERE inbox = \(id)")
    }
}

enum InboxError: Error, CustomStringConvertible {
    /// Somebody else has taken a turn.
    case moved
    /// Its database does not have it any more.
    case gone
    case corrupt(String)

    var isMoved: Bool { if case .moved = self { true } else { false } }

    var description: String {
        switch self {
        case .moved: "somebody else has taken messages of the partition"
        case .gone: "the inbox is not there any more"
        case .corrupt(let problem): "the inbox's tables are damaged: \(problem)"
        }
    }
}
