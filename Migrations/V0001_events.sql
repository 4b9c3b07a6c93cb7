-- The log of all events, and what belongs to it.

-- Only ever added to, by the functions of the next migration. Columns are ordered by width; payload is json, not jsonb:
-- it is written once and read whole, 10-15 % cheaper to write and half the time to read.
CREATE TABLE "{schema}".events (
    position bigint NOT NULL,
    version bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    event_id uuid NOT NULL,
    -- The version of the type's shape, which upcasters start from.
    type_version smallint NOT NULL,
    stream_id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    payload json NOT NULL,
    metadata json NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (position),
    -- Also answers "which version is this stream at"; a table of streams would cost a fifth of all appends.
    CONSTRAINT events_stream_version_key UNIQUE (stream_id, version)
);

COMMENT ON TABLE "{schema}".events IS
    'All events in the order in which they were committed: position is 1..N without a hole.';

-- Events of archived streams. As a child it is read with its parent, so that the log stays whole for whoever reads
-- "events"; appends look at ONLY "events", which stays small.
CREATE TABLE "{schema}".archived_events (
    CONSTRAINT archived_events_pkey PRIMARY KEY (position),
    CONSTRAINT archived_events_stream_version_key UNIQUE (stream_id, version)
) INHERITS ("{schema}".events);

COMMENT ON TABLE "{schema}".archived_events IS 'The events of streams that were closed and moved out of the way.';

-- A row for each stream that takes no more events, with its last version.
CREATE TABLE "{schema}".closed_streams (
    version bigint NOT NULL,
    closed_at timestamptz NOT NULL,
    archived_at timestamptz,
    stream_id text COLLATE "C" NOT NULL,
    CONSTRAINT closed_streams_pkey PRIMARY KEY (stream_id)
);

COMMENT ON TABLE "{schema}".closed_streams IS 'Streams to which nothing can be appended any more.';

-- What became of each command that carried an id, written with its events: the same id gives the same answer.
CREATE TABLE "{schema}".commands (
    position bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    command_id text COLLATE "C" NOT NULL,
    -- SHA-256 of what was asked for, to tell a repeated command from another one under the same id.
    digest bytea NOT NULL,
    -- Of the command's streams, in its order.
    versions bigint[] NOT NULL,
    -- The domain's refusal, where that was the answer; nothing was appended then.
    rejection json,
    CONSTRAINT commands_pkey PRIMARY KEY (command_id)
);

-- Old answers are found by the time at which they came, which is the order in which they lie.
CREATE INDEX commands_recorded_at_idx ON "{schema}".commands USING brin (recorded_at) WITH (pages_per_range = 8);

COMMENT ON TABLE "{schema}".commands IS 'The answer to each command with an id, for as long as answers are kept.';
