-- What a consumer has taken of the topics that it reads, in the database in which its effects are: an effect and the note
-- that its message was taken commit together.

-- What an operator has said of a consumer, and whether what it depends on is away; without a row it runs.
CREATE TABLE "{schema}".consumers (
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When one of its processes began to hold its messages back, and when it tries again.
    outage_since timestamptz,
    outage_until timestamptz,
    consumer text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'running',
    -- Why it is paused.
    reason text,
    outage text,
    CONSTRAINT consumers_pkey PRIMARY KEY (consumer),
    CONSTRAINT consumers_state_check CHECK (state IN ('running', 'paused'))
);

COMMENT ON TABLE "{schema}".consumers IS 'Whether each consumer runs, is paused by an operator, or waits for what it needs.';

-- One consumer's inbox of one topic partition. Each transaction that takes messages raises "turn" from what the taker
-- knows: of two who think that the partition is theirs one commits, and the other looks again. So does whoever changes
-- what a taker may rely on. Found by where it stands (ctid), which the taker remembers: dead versions that nobody may
-- remove yet would make finding it by its key ever slower.
CREATE TABLE "{schema}".inboxes (
    inbox bigint GENERATED ALWAYS AS IDENTITY,
    turn bigint NOT NULL DEFAULT 0,
    -- Everything before it was looked at; null before the first message. What is taken is known by the marks, not by this.
    next_offset bigint,
    -- Where it stood when a member began; null when the last one ended in good order.
    claimed_offset bigint,
    -- The message that was tried alone, counted before it was tried, and how often.
    tried_offset bigint NOT NULL DEFAULT -1,
    tries integer NOT NULL DEFAULT 0,
    partition integer NOT NULL,
    -- Whether an operator lets the next hole be passed.
    accepts_hole boolean NOT NULL DEFAULT false,
    topic text COLLATE "C" NOT NULL,
    consumer text COLLATE "C" NOT NULL,
    -- Why the last try failed.
    problem text,
    -- Why nothing more is taken until an operator has looked.
    stopped text,
    CONSTRAINT inboxes_pkey PRIMARY KEY (inbox),
    CONSTRAINT inboxes_partition_key UNIQUE (consumer, topic, partition)
) WITH (fillfactor = 50);

COMMENT ON TABLE "{schema}".inboxes IS 'How far each consumer has come in each partition; moves with the effects'' own commit.';

-- Up to where each producer's messages of a partition are taken. Sequences only rise, so that one number tells of each
-- message whether it is a duplicate.
CREATE TABLE "{schema}".marks (
    inbox bigint NOT NULL,
    last_sequence bigint NOT NULL,
    producer text COLLATE "C" NOT NULL,
    CONSTRAINT marks_pkey PRIMARY KEY (inbox, producer)
) WITH (fillfactor = 50);

COMMENT ON TABLE "{schema}".marks IS 'The last message of each producer that an inbox has taken.';

-- A member begins with a partition. Answers with the inbox, where it stands, and whether it is suspect: the member before
-- died without having moved, so that the next message may be the one that killed it.
CREATE FUNCTION "{schema}".begin_inbox(
    of_consumer text, of_topic text, of_partition integer,
    OUT inbox bigint, OUT next_offset bigint, OUT is_suspect boolean
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
BEGIN
    INSERT INTO "{schema}".inboxes (consumer, topic, partition) VALUES (of_consumer, of_topic, of_partition)
    ON CONFLICT ON CONSTRAINT inboxes_partition_key DO NOTHING;
    SELECT i.inbox, i.next_offset, coalesce(i.claimed_offset = coalesce(i.next_offset, -1), false)
        OR i.tried_offset >= coalesce(i.next_offset, 0)
    INTO begin_inbox.inbox, begin_inbox.next_offset, begin_inbox.is_suspect
    FROM "{schema}".inboxes i
    WHERE i.consumer = of_consumer AND i.topic = of_topic AND i.partition = of_partition FOR UPDATE;
    UPDATE "{schema}".inboxes i SET turn = i.turn + 1, claimed_offset = coalesce(i.next_offset, -1)
    WHERE i.inbox = begin_inbox.inbox;
END;
$$;

-- Takes the next turn of an inbox and moves its marks, for whoever knows its last turn and where its rows stood then.
-- Fails with a serialization failure when somebody else was faster. Answers with where the rows stand now.
CREATE FUNCTION "{schema}".take_turn(
    of_inbox bigint, known_turn bigint, place tid, new_offset bigint,
    producers text[], sequences bigint[], places tid[], OUT place_now tid, OUT places_now tid[]
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    mark_place tid;
BEGIN
    UPDATE "{schema}".inboxes i
    SET turn = i.turn + 1, next_offset = coalesce(new_offset, i.next_offset), problem = NULL
    WHERE i.ctid = place AND i.inbox = of_inbox AND i.turn = known_turn RETURNING i.ctid INTO place_now;
    IF NOT FOUND THEN
        UPDATE "{schema}".inboxes i
        SET turn = i.turn + 1, next_offset = coalesce(new_offset, i.next_offset), problem = NULL
        WHERE i.inbox = of_inbox AND i.turn = known_turn RETURNING i.ctid INTO place_now;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'inbox %: expected turn %', of_inbox, known_turn USING ERRCODE = 'serialization_failure';
        END IF;
    END IF;
    places_now := places;
    FOR mark IN 1..cardinality(producers) LOOP
        UPDATE "{schema}".marks m SET last_sequence = sequences[mark]
        WHERE m.ctid = places[mark] AND m.inbox = of_inbox AND m.producer = producers[mark]
        RETURNING m.ctid INTO mark_place;
        IF NOT FOUND THEN
            UPDATE "{schema}".marks m SET last_sequence = sequences[mark]
            WHERE m.inbox = of_inbox AND m.producer = producers[mark] RETURNING m.ctid INTO mark_place;
        END IF;
        IF NOT FOUND THEN
            INSERT INTO "{schema}".marks AS m (inbox, last_sequence, producer)
            VALUES (of_inbox, sequences[mark], producers[mark]) RETURNING m.ctid INTO mark_place;
        END IF;
        places_now[mark] := mark_place;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION "{schema}".take_turn IS 'The guard of every effect: of those who race for an inbox one commits.';
