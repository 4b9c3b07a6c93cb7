-- Where a long stream need not be folded from its start.

-- The last state that was kept of each aggregate, only to save reading: any row may go at any time. A row is worth
-- something while the event it was taken at stands in the log, at this version and this position.
CREATE TABLE "{schema}".snapshots (
    position bigint NOT NULL,
    version bigint NOT NULL,
    taken_at timestamptz NOT NULL,
    -- The version of the state's shape and of how events are applied to it; a process reads its own only.
    state_version bigint NOT NULL,
    stream_id text COLLATE "C" NOT NULL,
    state json NOT NULL,
    CONSTRAINT snapshots_pkey PRIMARY KEY (stream_id)
);

COMMENT ON TABLE "{schema}".snapshots IS 'States of aggregates at some version; may be emptied at any time.';
