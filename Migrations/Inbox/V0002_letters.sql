-- Messages that could not be handled, and those of the same key that wait behind them.
--
--   failed ──▶ waiting ── handled ──▶ gone
--                │
--                └─ too often ──▶ dead ── by an operator ──▶ replayed, or discarded
--
-- Letters come and go, and the planner may believe that there are none; then any index seems as good to it as another.
-- So each of them leads by a column that no other one leads by.
CREATE TABLE "{schema}".letters (
    letter bigint GENERATED ALWAYS AS IDENTITY,
    inbox bigint NOT NULL,
    "offset" bigint NOT NULL,
    -- The inbox again, where the letter is the one of its key that is tried next.
    retry_inbox bigint,
    next_try_at timestamptz,
    -- What the letter is numbered with in the dead-letter topic.
    dead_number bigint,
    created_at timestamptz NOT NULL,
    appended_at timestamptz NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    died_at timestamptz,
    ended_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    state text COLLATE "C" NOT NULL,
    -- The consumer, where the letter is dead and has yet to be sent to the dead-letter topic.
    unsent_consumer text COLLATE "C",
    message_id text COLLATE "C",
    -- Why it could not be handled; null for one that only waits behind another.
    problem text,
    -- Why an operator discarded it, and who.
    reason text,
    actor text,
    key bytea,
    -- A key may be too long for an index.
    key_digest bytea GENERATED ALWAYS AS (sha256(key)) STORED,
    value bytea,
    headers bytea,
    CONSTRAINT letters_pkey PRIMARY KEY (letter),
    CONSTRAINT letters_state_check CHECK (state IN ('waiting', 'dead', 'replayed', 'discarded')),
    CONSTRAINT letters_reason_check CHECK (
        state <> 'discarded' OR (coalesce(btrim(reason), '') <> '' AND coalesce(btrim(actor), '') <> '')
    )
);

CREATE INDEX letters_key_idx ON "{schema}".letters (inbox, key_digest, letter) WHERE state IN ('waiting', 'dead');
CREATE INDEX letters_retry_idx ON "{schema}".letters (retry_inbox, next_try_at, letter) WHERE retry_inbox IS NOT NULL;
CREATE INDEX letters_unsent_idx ON "{schema}".letters (unsent_consumer, dead_number, letter)
    WHERE unsent_consumer IS NOT NULL;

COMMENT ON TABLE "{schema}".letters IS 'Messages that wait for another try, and those that were given up.';

-- The keys of which letters are open, each with the state of its first one. Key by key, however many letters each has.
CREATE FUNCTION "{schema}".open_keys(of_inbox bigint) RETURNS TABLE (key bytea, state text)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
AS $$
DECLARE
    last bytea := '';
    found_key record;
BEGIN
    LOOP
        SELECT l.key, l.key_digest, l.state INTO found_key FROM "{schema}".letters l
        WHERE l.inbox = of_inbox AND l.key_digest > last AND l.state IN ('waiting', 'dead')
        ORDER BY l.key_digest, l.letter LIMIT 1;
        EXIT WHEN NOT FOUND;
        key := found_key.key;
        state := found_key.state;
        last := found_key.key_digest;
        RETURN NEXT;
    END LOOP;
END;
$$;

-- Which letter of an inbox is to be tried next, and when that is due, in seconds from now.
CREATE FUNCTION "{schema}".next_letter(of_inbox bigint, OUT letter bigint, OUT due_in double precision)
LANGUAGE sql STABLE
SET enable_seqscan = off
AS $$
    SELECT l.letter, extract(epoch FROM l.next_try_at - clock_timestamp())::float8 FROM "{schema}".letters l
    WHERE l.retry_inbox = of_inbox ORDER BY l.retry_inbox, l.next_try_at, l.letter LIMIT 1
$$;

-- Counts a try before it is made, and sets when the next one would be: by this server's clock, after a time that doubles
-- from "first_us" up to "longest_us" microseconds, at random down to half of it.
CREATE FUNCTION "{schema}".count_try(of_letter bigint, first_us bigint, longest_us bigint) RETURNS integer
LANGUAGE sql VOLATILE
SET enable_seqscan = off
AS $$
    UPDATE "{schema}".letters l
    SET attempts = l.attempts + 1,
        next_try_at = clock_timestamp() + interval '1 microsecond' * (0.5 + random() / 2)
            * least(longest_us, first_us * power(2, least(l.attempts, 40)))
    WHERE l.letter = of_letter RETURNING l.attempts
$$;

-- The first open letter of a key, or the one without a key.
CREATE FUNCTION "{schema}".first_letter(of_inbox bigint, of_key bytea) RETURNS bigint
LANGUAGE sql STABLE
SET enable_seqscan = off
AS $$
    SELECT l.letter FROM "{schema}".letters l
    WHERE l.inbox = of_inbox AND l.key_digest = sha256(of_key) AND l.state IN ('waiting', 'dead')
    ORDER BY l.key_digest, l.letter LIMIT 1
$$;

-- Takes a letter out of its key's line: off the table for a null state. What comes behind it is tried next, at once.
-- True when nothing of its key is left, or it had none.
CREATE FUNCTION "{schema}".end_letter(of_letter bigint, new_state text, why text, who text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
    ending record;
    behind bigint;
BEGIN
    SELECT l.inbox, l.key INTO ending FROM "{schema}".letters l WHERE l.letter = of_letter;
    IF new_state IS NULL THEN
        DELETE FROM "{schema}".letters l WHERE l.letter = of_letter;
    ELSE
        UPDATE "{schema}".letters l
        SET state = new_state, ended_at = clock_timestamp(), retry_inbox = NULL, next_try_at = NULL,
            reason = why, actor = who
        WHERE l.letter = of_letter;
    END IF;
    behind := "{schema}".first_letter(ending.inbox, ending.key);
    UPDATE "{schema}".letters l SET retry_inbox = l.inbox, next_try_at = clock_timestamp()
    WHERE l.letter = behind AND l.state = 'waiting';
    RETURN behind IS NULL;
END;
$$;

-- Gives up a letter and everything that waits behind it; returns how many.
CREATE FUNCTION "{schema}".give_up(of_letter bigint) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
    head record;
    going bigint := of_letter;
    given integer := 0;
BEGIN
    SELECT l.inbox, l.key_digest, i.consumer INTO head
    FROM "{schema}".letters l JOIN "{schema}".inboxes i ON i.inbox = l.inbox WHERE l.letter = of_letter;
    WHILE going IS NOT NULL LOOP
        UPDATE "{schema}".letters l
        SET state = 'dead', died_at = clock_timestamp(), retry_inbox = NULL, next_try_at = NULL,
            unsent_consumer = head.consumer
        WHERE l.letter = going AND l.state = 'waiting';
        given := given + CASE WHEN FOUND THEN 1 ELSE 0 END;
        SELECT l.letter INTO going FROM "{schema}".letters l
        WHERE l.inbox = head.inbox AND l.key_digest = head.key_digest AND l.letter > going
            AND l.state IN ('waiting', 'dead')
        ORDER BY l.key_digest, l.letter LIMIT 1;
    END LOOP;
    RETURN given;
END;
$$;

-- Who sends a consumer's dead letters to their topic: one at a time, under an epoch that rises with each.
CREATE TABLE "{schema}".dead_letter_senders (
    epoch bigint NOT NULL DEFAULT 0,
    last_number bigint NOT NULL DEFAULT 0,
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    member uuid,
    consumer text COLLATE "C" NOT NULL,
    CONSTRAINT dead_letter_senders_pkey PRIMARY KEY (consumer)
) WITH (fillfactor = 50);

COMMENT ON TABLE "{schema}".dead_letter_senders IS 'Who sends dead letters to their topic, and up to which number.';
