-- How far each projection has come.

-- Moved in the transaction that writes the read model's rows, only ever from the position that the writer knows: that
-- is what makes a projection exactly once. Room on the page keeps the updates within it.
CREATE TABLE "{schema}".checkpoints (
    position bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    projection text COLLATE "C" NOT NULL,
    CONSTRAINT checkpoints_pkey PRIMARY KEY (projection)
) WITH (fillfactor = 50);

COMMENT ON TABLE "{schema}".checkpoints IS
    'Per projection the last position whose effect is in its read model; moves with the read model''s own commit.';
