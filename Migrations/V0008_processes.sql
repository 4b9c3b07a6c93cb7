-- What process managers keep. A process manager follows the log like a projection and has its build, partitions, leases
-- and dead letters; what is its own is here, and commits with its partition's checkpoint.
--
-- Builds of process managers stay, so nothing refers to them by a foreign key: each row that is written would lock the
-- build's, which all partitions share.

-- Each instance: where it stands, and the state that its next input finds.
CREATE TABLE "{schema}".process_instances (
    build bigint NOT NULL,
    -- Of its last input.
    position bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    state_version integer NOT NULL,
    partition smallint NOT NULL,
    instance text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    phase text NOT NULL,
    -- Why it is or was compensated.
    reason text,
    state json NOT NULL,
    -- Which inputs it waits for, and what undoes its steps.
    book json NOT NULL,
    CONSTRAINT process_instances_pkey PRIMARY KEY (build, instance),
    CONSTRAINT process_instances_status_check CHECK (
        status IN ('running', 'compensating', 'completed', 'compensated')
        AND (ended_at IS NOT NULL) = (status IN ('completed', 'compensated')))
) WITH (fillfactor = 70);

-- For lists and counts by status; of columns that change at most twice, so that other updates stay within the page.
CREATE INDEX process_instances_status_idx ON "{schema}".process_instances (build, status, started_at, instance);

COMMENT ON TABLE "{schema}".process_instances IS 'Where each instance of each process manager stands.';

-- Effects and timers come and go: their tables have few rows, and many dead ones of which the planner knows nothing. Where
-- it believes that they are empty, all indexes seem equally good to it, and it may choose one that leads through all the
-- dead. So of the columns by which a row is found no two indexes have the first one in common.

-- Commands and calls that are still to be delivered, or parked. Numbered in the order of their commits within a
-- partition, since one writer at a time commits there: whoever has read up to a number misses none before it.
CREATE TABLE "{schema}".process_effects (
    build bigint NOT NULL,
    -- The partition among those of all builds.
    place bigint NOT NULL GENERATED ALWAYS AS (build * 256 + partition) STORED,
    effect bigint GENERATED ALWAYS AS IDENTITY,
    issued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tried_at timestamptz,
    next_try_at timestamptz,
    -- When it was given up, and waits for an operator.
    parked_at timestamptz,
    -- Of all effects and timers of the instance, from 1: with it, what makes a repeated delivery the same.
    number integer NOT NULL,
    -- The number of the command that this one undoes: it is not carried out where that one has come to nothing.
    undoes integer,
    -- How often an operator has had it tried again, from 1.
    round integer NOT NULL DEFAULT 1,
    attempts integer NOT NULL DEFAULT 0,
    -- How many of the last tries were begun and have no known end: the process may have died of them.
    unfinished integer NOT NULL DEFAULT 0,
    partition smallint NOT NULL,
    is_undo boolean NOT NULL,
    -- Whether it is parked because of an answer, so that asking the same again would change nothing.
    is_refused boolean NOT NULL DEFAULT false,
    instance text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    -- The stream's name, or the provider's.
    target text COLLATE "C" NOT NULL,
    step text COLLATE "C" NOT NULL,
    -- Why the last try failed.
    problem text,
    body json NOT NULL,
    metadata json NOT NULL,
    CONSTRAINT process_effects_pkey PRIMARY KEY (place, effect),
    CONSTRAINT process_effects_number_key UNIQUE (build, instance, number),
    CONSTRAINT process_effects_kind_check CHECK (kind IN ('command', 'call'))
);

-- For operators; empty as a rule.
CREATE INDEX process_effects_parked_idx ON "{schema}".process_effects (build, instance) WHERE parked_at IS NOT NULL;

COMMENT ON TABLE "{schema}".process_effects IS 'What process managers have yet to send; gone once it has arrived.';

-- Takes effects off the table; row by row, or the planner would rather look at all rows once.
CREATE FUNCTION "{schema}".end_effects(of_build bigint, instances text[], numbers integer[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
BEGIN
    FOR i IN 1..cardinality(instances) LOOP
        DELETE FROM "{schema}".process_effects e
        WHERE e.build = of_build AND e.instance = instances[i] AND e.number = numbers[i];
    END LOOP;
END;
$$;

-- The same for those that have arrived, by their places.
CREATE FUNCTION "{schema}".end_delivered(of_place bigint, effects bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
BEGIN
    FOR i IN 1..cardinality(effects) LOOP
        DELETE FROM "{schema}".process_effects e
        WHERE e.place = of_place AND e.effect = effects[i];
    END LOOP;
END;
$$;

-- Timers that run.
CREATE TABLE "{schema}".process_timers (
    build bigint NOT NULL,
    place bigint NOT NULL GENERATED ALWAYS AS (build * 256 + partition) STORED,
    due_at timestamptz NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When that it was due was appended to the log.
    fired_at timestamptz,
    number integer NOT NULL,
    partition smallint NOT NULL,
    instance text COLLATE "C" NOT NULL,
    timer text COLLATE "C" NOT NULL,
    CONSTRAINT process_timers_pkey PRIMARY KEY (build, instance, timer)
);

CREATE INDEX process_timers_due_idx ON "{schema}".process_timers (place, due_at) WHERE fired_at IS NULL;

-- As "end_effects" does.
CREATE FUNCTION "{schema}".end_timers(of_build bigint, instances text[], timers text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
BEGIN
    FOR i IN 1..cardinality(instances) LOOP
        DELETE FROM "{schema}".process_timers t
        WHERE t.build = of_build AND t.instance = instances[i] AND t.timer = timers[i];
    END LOOP;
END;
$$;

COMMENT ON TABLE "{schema}".process_timers IS 'Timers of process managers'' instances that run, or are due and not taken yet.';

-- What each input has come to, in the order of the log; the inputs themselves are in the log.
CREATE TABLE "{schema}".process_history (
    build bigint NOT NULL,
    position bigint NOT NULL,
    reacted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    instance text COLLATE "C" NOT NULL,
    -- The event's type, and of what came back to the instance its step or timer.
    input text NOT NULL,
    status text COLLATE "C" NOT NULL,
    phase_before text,
    phase text NOT NULL,
    -- Why the input changed nothing.
    ignored text,
    -- What the process asked for, as a JSON array.
    effects json NOT NULL,
    CONSTRAINT process_history_pkey PRIMARY KEY (build, instance, position)
);

COMMENT ON TABLE "{schema}".process_history IS 'Each instance''s inputs and what they have led to.';
