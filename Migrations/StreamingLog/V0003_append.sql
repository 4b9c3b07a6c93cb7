-- What adds to partitions.

-- Appends batches to one topic, each whole, in the order of their partitions, at most one of a producer for a partition.
--
-- As it stands here it appends to the table "records". Each segment has a copy of it for its own table, "append_<topic>_
-- <segment>": with the table's name in its text a call takes half the time of one that has to build its statements.
--
-- Batches: producers, and epochs of those that are registered, else 0; afters, the last sequence that the producer has
--   sent to the partition before, or -1; places, where its row in "sequences" was then; firsts and lasts, which of the
--   records are the batch's.
-- Records, batch by batch: batch_of, the number of its batch from 1; numbers, their sequences, which rise in a batch.
--
-- Answers for each batch with its verdict: 'appended', as are records whose sequence was there already, which are left
-- out; 'fenced', another has come under the producer's name; 'missing', what came before the batch is not there;
-- 'absent', there is no such partition. And with the offset that comes after the batch's last record, how many records
-- were new, the last sequence there now, and where its row is. All is null once another segment takes what is appended.
--
-- The locks are held until the commit becomes visible. So whoever reads an offset can already read every one before it.
CREATE FUNCTION "{schema}".append(
    of_topic integer, of_segment integer, topic_name text,
    producers text[], epochs bigint[], partitions integer[], afters bigint[], places tid[],
    firsts integer[], lasts integer[],
    batch_of integer[], numbers bigint[], times timestamptz[], ids text[], keys bytea[], vals bytea[], heads bytea[],
    OUT verdicts text[], OUT ends bigint[], OUT counts integer[], OUT last_sequences bigint[], OUT places_now tid[]
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    batch_count integer := cardinality(producers);
    opened_at timestamptz;
    here integer;
    -- Of each partition, its end once the batches so far are written.
    running bigint[];
    next_offset bigint;
    moment timestamptz;
    latest timestamptz;
    known_epoch bigint;
    last bigint;
    place tid;
    first_new integer;
    firsts_new integer[] := array_fill(NULL::integer, ARRAY[batch_count]);
    -- Of each batch, what a record's number is to be added to, to give its offset; null leaves the batch out.
    bases bigint[] := array_fill(NULL::bigint, ARRAY[batch_count]);
    hint text := '';
    -- What is assigned costs less than a statement.
    is_done boolean;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'expected an append under READ COMMITTED, found %', current_setting('transaction_isolation')
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    FOREACH here IN ARRAY partitions LOOP
        -- In one order, so that no two wait for each other's.
        IF here < last THEN
            RAISE EXCEPTION 'expected batches in the order of their partitions, found % after %', here, last;
        END IF;
        last := here;
        is_done := pg_advisory_xact_lock(hashtextextended('{schema}', of_topic::bigint << 16 | here)) IS NULL;
    END LOOP;
    SELECT s.opened_at INTO opened_at FROM "{schema}".segments s
    WHERE s.topic = of_topic AND s.segment = of_segment AND s.closed_at IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- The clock may be set back; a partition's time is not.
    moment := greatest(opened_at, clock_timestamp());
    here := -1;
    FOR batch IN 1..batch_count LOOP
        CONTINUE WHEN partitions[batch] = here;
        here := partitions[batch];
        SELECT r."offset" + 1, r.appended_at INTO next_offset, latest FROM "{schema}".records r
        WHERE r.partition = here ORDER BY r."offset" DESC LIMIT 1;
        IF NOT FOUND THEN
            SELECT s.first_offset INTO next_offset FROM "{schema}".segment_starts s
            WHERE s.topic = of_topic AND s.partition = here AND s.segment = of_segment;
        END IF;
        running[here] := next_offset;
        moment := greatest(moment, latest);
    END LOOP;

    verdicts := array_fill(NULL::text, ARRAY[batch_count]);
    counts := firsts_new;
    ends := bases;
    last_sequences := bases;
    places_now := array_fill(NULL::tid, ARRAY[batch_count]);
    FOR batch IN 1..batch_count LOOP
        here := partitions[batch];
        IF running[here] IS NULL THEN
            verdicts[batch] := 'absent';
            CONTINUE;
        END IF;
        IF epochs[batch] > 0 THEN
            SELECT p.epoch INTO known_epoch FROM "{schema}".producers p WHERE p.producer = producers[batch];
            IF known_epoch IS DISTINCT FROM epochs[batch] THEN
                verdicts[batch] := 'fenced';
                CONTINUE;
            END IF;
        END IF;
        place := NULL;
        first_new := firsts[batch];
        IF first_new <= lasts[batch] AND numbers[first_new] > afters[batch] THEN
            -- What comes right behind the last is all new.
            UPDATE "{schema}".sequences q SET last_sequence = numbers[lasts[batch]], appended_at = moment
            WHERE q.ctid = places[batch] AND q.producer = producers[batch] AND q.topic = of_topic
                AND q.partition = here AND q.last_sequence = afters[batch]
            RETURNING q.ctid INTO place;
        END IF;
        IF place IS NULL THEN
            SELECT q.last_sequence, q.ctid INTO last, place FROM "{schema}".sequences q
            WHERE q.producer = producers[batch] AND q.topic = of_topic AND q.partition = here;
            last := coalesce(last, -1);
            IF last < afters[batch] THEN
                verdicts[batch] := 'missing';
                last_sequences[batch] := last;
                CONTINUE;
            END IF;
            WHILE first_new <= lasts[batch] AND numbers[first_new] <= last LOOP
                first_new := first_new + 1;
            END LOOP;
            IF first_new > lasts[batch] THEN
                NULL;
            ELSIF place IS NULL THEN
                INSERT INTO "{schema}".sequences AS q (last_sequence, appended_at, topic, partition, producer)
                VALUES (numbers[lasts[batch]], moment, of_topic, here, producers[batch])
                RETURNING q.ctid INTO place;
            ELSE
                UPDATE "{schema}".sequences q SET last_sequence = numbers[lasts[batch]], appended_at = moment
                WHERE q.ctid = place RETURNING q.ctid INTO place;
            END IF;
        END IF;
        verdicts[batch] := 'appended';
        counts[batch] := lasts[batch] - first_new + 1;
        running[here] := running[here] + counts[batch];
        ends[batch] := running[here];
        places_now[batch] := place;
        IF counts[batch] = 0 THEN
            last_sequences[batch] := last;
            CONTINUE;
        END IF;
        last_sequences[batch] := numbers[lasts[batch]];
        bases[batch] := ends[batch] - lasts[batch] - 1;
        firsts_new[batch] := first_new;
        hint := hint || ' ' || topic_name || '/' || here;
    END LOOP;
    IF hint = '' THEN
        RETURN;
    END IF;

    INSERT INTO "{schema}".records (
        "offset", appended_at, created_at, partition, message_id, key, value, headers)
    SELECT bases[r.batch] + r.ordinal, moment, r.created_at, partitions[r.batch], r.id, r.key, r.value, r.headers
    FROM unnest(batch_of, times, ids, keys, vals, heads) WITH ORDINALITY
        AS r (batch, created_at, id, key, value, headers, ordinal)
    WHERE r.ordinal >= firsts_new[r.batch];
    -- For whoever waits at a partition's end; sent with the commit. Too long a hint becomes one of everything.
    is_done := pg_notify('{schema}_progress', CASE WHEN length(hint) < 7900 THEN hint ELSE '' END) IS NULL;
END;
$$;

COMMENT ON FUNCTION "{schema}".append IS 'The only way records are written; see the comments in its migration.';
