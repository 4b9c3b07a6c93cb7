import Martlet

/// The tables of what would be sent.
enum NotificationSchema {
    static let name: SQLIdentifier = "notifications"
    static let migrations = [Migration(name: "V0001_letters.sql", bytes: Array(letters.utf8))]

    private static let letters = """
        -- Who ordered: said once, by the first message about an order.
        CREATE TABLE "{schema}".customers (
            order_id text COLLATE "C" NOT NULL,
            customer text NOT NULL,
            CONSTRAINT customers_pkey PRIMARY KEY (order_id)
        );

        -- What would be sent. A message has one row; a second would be an error.
        CREATE TABLE "{schema}".letters (
            written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            message_id text COLLATE "C" NOT NULL,
            kind text COLLATE "C" NOT NULL,
            order_id text COLLATE "C" NOT NULL,
            customer text NOT NULL,
            text text NOT NULL,
            CONSTRAINT letters_pkey PRIMARY KEY (message_id),
            CONSTRAINT letters_kind_check
                CHECK (kind IN ('confirmation', 'receipt', 'dispatch', 'completion', 'cancellation'))
        );

        COMMENT ON TABLE "{schema}".letters IS 'What customers would be sent, one row for each message.';
        """
}
