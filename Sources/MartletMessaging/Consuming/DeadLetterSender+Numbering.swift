import FoundationEssentials
import MartletPostgres
import MartletStreamingLog

/// Whose turn it is to send, and what.
extension DeadLetterSender {
    func hasUnsent() async throws -> Bool {
        try await !pool.query(
            """
            SELECT FROM \(schema).letters WHERE unsent_consumer = \(consumer)
            ORDER BY unsent_consumer, dead_number, letter LIMIT 1
            """
        ).isEmpty
    }

    /// The epoch, if nobody else has a lease; a new one for whoever did not have the last one.
    func claim() async throws -> Int64? {
        let lease = lease.inMicroseconds
        let rows = try await pool.query(
            """
            INSERT INTO \(schema).dead_letter_senders AS s (epoch, leased_until, member, consumer)
            VALUES (1, clock_timestamp() + \(lease) * interval '1 microsecond', \(surroundings.member), \(consumer))
            ON CONFLICT ON CONSTRAINT dead_letter_senders_pkey DO UPDATE
            SET epoch = CASE WHEN s.member = EXCLUDED.member THEN s.epoch ELSE s.epoch + 1 END,
                member = EXCLUDED.member, leased_until = EXCLUDED.leased_until
            WHERE s.member = EXCLUDED.member OR s.leased_until < clock_timestamp()
            RETURNING s.epoch
            """)
        return try rows.first?.decode(Int64.self)
    }

    typealias Numbered = (letter: Letter, number: Int64)

    /// The first letters that are to be sent, each with its number: what has none gets the next one. The sender's row is
    /// locked meanwhile, so a number that is given is lower than all that are given later.
    /// - Parameter known: a number that was given, though the inbox may not know.
    func numbered(under epoch: Int64, after known: Int64) async throws -> [Numbered] {
        try await pool.transaction { transaction in
            let rows = try await transaction.query(
                """
                SELECT last_number FROM \(schema).dead_letter_senders
                WHERE consumer = \(consumer) AND epoch = \(epoch) FOR UPDATE
                """)
            guard let given = try rows.first?.decode(Int64.self) else { return [] }
            var last = max(given, known)
            let found = try await transaction.query(
                """
                SELECT \(Letter.columns), l.dead_number
                FROM \(schema).letters l JOIN \(schema).inboxes i ON i.inbox = l.inbox
                WHERE l.unsent_consumer = \(consumer)
                ORDER BY l.unsent_consumer, l.dead_number, l.letter LIMIT 100
                """)
            var letters: [Numbered] = []
            for row in found {
                let letter = try Letter(row)
                if let number = try row.decode(column: 16, as: Int64?.self) {
                    letters.append((letter, number))
                } else {
                    last += 1
                    letters.append((letter, last))
                    transaction.enqueue(
                        "UPDATE \(schema).letters SET dead_number = \(last) WHERE letter = \(letter.id)")
                }
            }
            transaction.enqueue(
                "UPDATE \(schema).dead_letter_senders SET last_number = \(last) WHERE consumer = \(consumer)")
            return letters
        }
    }
}
