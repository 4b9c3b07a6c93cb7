-- How far each projection has come, and who moves it.

-- What an operator, or a failure, has said of a projection; without a row it runs.
CREATE TABLE "{schema}".projections (
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The event before which it has stopped, and whose partition that is; null where no event is to blame.
    stopped_position bigint,
    stopped_partition smallint,
    projection text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'running',
    -- Why it is paused or stopped.
    reason text,
    CONSTRAINT projections_pkey PRIMARY KEY (projection),
    CONSTRAINT projections_state_check CHECK (state IN ('running', 'paused', 'stopped'))
);

COMMENT ON TABLE "{schema}".projections IS 'Whether each projection runs, is paused by an operator, or has stopped.';

-- One making of a projection's tables: the one that is read, the next one while it is built, the one before.
CREATE TABLE "{schema}".projection_builds (
    build bigint GENERATED ALWAYS AS IDENTITY,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The version of the projection's code that moves it.
    version integer NOT NULL,
    partitions smallint NOT NULL,
    projection text COLLATE "C" NOT NULL,
    stage text COLLATE "C" NOT NULL,
    -- Of the tables' declarations: another one under the same version is a mistake.
    digest text COLLATE "C" NOT NULL,
    tables text[] COLLATE "C" NOT NULL,
    CONSTRAINT projection_builds_pkey PRIMARY KEY (build),
    CONSTRAINT projection_builds_stage_key UNIQUE (projection, stage) DEFERRABLE INITIALLY IMMEDIATE,
    CONSTRAINT projection_builds_stage_check CHECK (stage IN ('live', 'building', 'previous', 'past'))
);

COMMENT ON TABLE "{schema}".projection_builds IS 'The builds of each projection''s tables; "live" is the one that is read.';

-- Where each part of a build stands. Moved in the transaction that writes the read model's rows, only ever from the
-- position and the epoch that the writer knows: that is what makes a projection exactly once. Room on the page keeps
-- the updates within it.
CREATE TABLE "{schema}".projection_partitions (
    build bigint NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    -- Counts the leases; a worker whose lease another one has taken over cannot commit.
    epoch bigint NOT NULL DEFAULT 0,
    -- The last event that was seen, which must stand in the log: else this is not the log that was read.
    event_position bigint NOT NULL DEFAULT 0,
    -- Counts the keys that operators have made free again, so that the worker looks which are parked.
    parkings bigint NOT NULL DEFAULT 0,
    -- Where it stood when the lease began; null when the last lease ended in good order.
    claimed_position bigint,
    -- The event that was tried alone, counted before it was tried, and how often.
    tried_position bigint NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    partition smallint NOT NULL,
    -- Whether the worker before died without moving: its next event may be the one that killed it.
    is_suspect boolean NOT NULL DEFAULT false,
    event_id uuid,
    CONSTRAINT projection_partitions_pkey PRIMARY KEY (build, partition),
    CONSTRAINT projection_partitions_build_fkey FOREIGN KEY (build)
        REFERENCES "{schema}".projection_builds ON DELETE CASCADE
) WITH (fillfactor = 50);

COMMENT ON TABLE "{schema}".projection_partitions IS
    'Per partition the last position whose effect is in the read model; moves with the read model''s own commit.';

-- Who works on each partition, by this database's clock. Beside the partitions, so that a long transaction of a worker
-- does not keep it from renewing its lease.
CREATE TABLE "{schema}".projection_leases (
    build bigint NOT NULL,
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    -- What the member last told of its work.
    told_at timestamptz,
    rate double precision NOT NULL DEFAULT 0,
    partition smallint NOT NULL,
    member uuid,
    problem text,
    CONSTRAINT projection_leases_pkey PRIMARY KEY (build, partition),
    CONSTRAINT projection_leases_build_fkey FOREIGN KEY (build)
        REFERENCES "{schema}".projection_builds ON DELETE CASCADE
) WITH (fillfactor = 50);

COMMENT ON TABLE "{schema}".projection_leases IS 'Which process works on which partition, and until when.';

-- The processes that share a build's partitions.
CREATE TABLE "{schema}".projection_members (
    build bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    member uuid NOT NULL,
    CONSTRAINT projection_members_pkey PRIMARY KEY (build, member),
    CONSTRAINT projection_members_build_fkey FOREIGN KEY (build)
        REFERENCES "{schema}".projection_builds ON DELETE CASCADE
) WITH (fillfactor = 50);

COMMENT ON TABLE "{schema}".projection_members IS 'The processes that work on each build, as long as they say so.';

-- Events that could not be projected, and those of the same key that wait behind them, in the order of the log.
CREATE TABLE "{schema}".dead_letters (
    build bigint NOT NULL,
    position bigint NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    event_id uuid NOT NULL,
    attempts integer NOT NULL,
    partition smallint NOT NULL,
    stream_id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'parked',
    -- Why it could not be projected; null for one that only waits behind another.
    problem text,
    -- Why an operator discarded it, and who.
    reason text,
    actor text,
    CONSTRAINT dead_letters_pkey PRIMARY KEY (build, position),
    CONSTRAINT dead_letters_build_fkey FOREIGN KEY (build)
        REFERENCES "{schema}".projection_builds ON DELETE CASCADE,
    CONSTRAINT dead_letters_state_check CHECK (state IN ('parked', 'retried', 'discarded')),
    CONSTRAINT dead_letters_reason_check CHECK (
        state <> 'discarded' OR (coalesce(btrim(reason), '') <> '' AND coalesce(btrim(actor), '') <> '')
    )
);

CREATE INDEX dead_letters_parked_idx ON "{schema}".dead_letters (build, partition, key, position)
    WHERE state = 'parked';

COMMENT ON TABLE "{schema}".dead_letters IS
    'Events that a projection could not digest and what waits behind them; never skipped but by a recorded decision.';
