import MartletDomain
import MartletPostgres
import MartletStreamingLog

extension Inbox {
    /// How an inbox stands.
    struct Standing: Sendable {
        let ledger: Ledger
        /// Everything before it was looked at; nil before the first message.
        let nextOffset: Offset?
        let isPaused: Bool
        /// Why it takes nothing more.
        let stopped: String?
        let acceptsHole: Bool
        /// When a letter is to be tried.
        let nextTry: ContinuousClock.Instant?
        /// The keys that wait, and what becomes of what comes behind.
        let keys: [[UInt8]: Letter.State]
    }

    /// The turn comes first: what is read after it is as old or newer, and then the turn is not the last one any more.
    func standing() async throws -> Standing {
        let rows = try await pool.query(
            """
            SELECT i.turn, i.ctid::text, i.next_offset, i.stopped, i.accepts_hole,
                coalesce(c.state = 'paused', false), n.due_in
            FROM \(schema).inboxes i LEFT JOIN \(schema).consumers c ON c.consumer = i.consumer
            CROSS JOIN LATERAL \(schema).next_letter(i.inbox) n
            WHERE i.inbox = \(id) AND i.consumer = \(consumer) AND i.topic = \(partition.topic.description)
                AND i.partition = \(Int32(clamping: partition.number))
            """)
        guard let row = rows.first else { throw InboxError.gone }
        let (turn, place, nextOffset, stopped, acceptsHole, isPaused, dueIn) = try row.decode(
            Int64.self, String.self, Int64?.self, String?.self, Bool.self, Bool.self, Double?.self)
        let now = ContinuousClock.now
        let found = try await pool.query("SELECT key, state FROM \(schema).open_keys(\(id))")
        var keys: [[UInt8]: Letter.State] = [:]
        for row in found {
            let (key, state) = try row.decode(Bytea.self, String.self)
            keys[key.bytes] = try Letter.State(stored: state)
        }
        return Standing(
            ledger: Ledger(turn: turn, place: place), nextOffset: nextOffset.map { Offset(rawValue: $0) },
            isPaused: isPaused, stopped: stopped, acceptsHole: acceptsHole,
            nextTry: dueIn.map { now + .seconds(max($0, 0)) }, keys: keys)
    }

    /// Up to where these producers' messages are taken.
    func marks(of producers: [String]) async throws -> [ExactText: Mark?] {
        var marks: [ExactText: Mark?] = [:]
        for producer in producers { marks.updateValue(nil, forKey: ExactText(producer)) }
        let rows = try await pool.query(
            """
            SELECT producer, last_sequence, ctid::text FROM \(schema).marks
            WHERE inbox = \(id) AND producer = ANY (\(producers))
            """)
        for row in rows {
            let (producer, sequence, place) = try row.decode(String.self, Int64.self, String.self)
            marks.updateValue(Mark(sequence: sequence, place: place), forKey: ExactText(producer))
        }
        return marks
    }
}
