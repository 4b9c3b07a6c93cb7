public import Martlet

extension ProviderLedger {
    /// For a command that brings several schemas up to date; ``prepare()`` applies the same.
    public static let migrations = [Migration(name: "V0001_ledger.sql", bytes: Array(ledger.utf8))]

    private static let ledger = """
        -- What the providers did, or said that they would not. The same key gets the same answer for ever.
        CREATE TABLE "{schema}".ledger (
            entry_id bigint GENERATED ALWAYS AS IDENTITY,
            cents bigint NOT NULL,
            recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            provider text COLLATE "C" NOT NULL,
            order_id text COLLATE "C" NOT NULL,
            kind text COLLATE "C" NOT NULL,
            key text COLLATE "C" NOT NULL,
            request json NOT NULL,
            answer json NOT NULL,
            CONSTRAINT ledger_pkey PRIMARY KEY (entry_id),
            CONSTRAINT ledger_provider_key_key UNIQUE (provider, key),
            CONSTRAINT ledger_cents_check CHECK (cents >= 0)
        );

        CREATE INDEX ledger_order_idx ON "{schema}".ledger (provider, order_id);

        COMMENT ON TABLE "{schema}".ledger IS 'What the simulated providers did for the shop, by their own account.';

        -- More than one call of a key is a request that was sent again.
        CREATE TABLE "{schema}".calls (
            calls bigint NOT NULL DEFAULT 1,
            first_called_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            last_called_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            provider text COLLATE "C" NOT NULL,
            order_id text COLLATE "C" NOT NULL,
            kind text COLLATE "C" NOT NULL,
            key text COLLATE "C" NOT NULL,
            CONSTRAINT calls_pkey PRIMARY KEY (provider, key)
        );

        COMMENT ON TABLE "{schema}".calls IS 'How often the simulated providers were called with each key.';
        """
}
