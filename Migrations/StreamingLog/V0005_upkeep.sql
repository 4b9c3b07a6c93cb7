-- What begins and what goes: segments, by size, age and retention, or with their topic.
--
-- Each function takes one step in one short transaction, says whether it did, and is called again until it did not. One
-- that does not get a lock soon gives up; there is a next time.

-- Drops a topic's segments up to one, or all for null, with their tables.
CREATE FUNCTION "{schema}".drop_segments(of_topic integer, through_segment integer) RETURNS integer
LANGUAGE plpgsql VOLATILE
SET client_min_messages = warning
AS $$
DECLARE
    going record;
    dropped integer := 0;
BEGIN
    -- The last one first, since whoever reads looks at it before any other: else two could wait for each other.
    FOR going IN
        WITH gone AS (
            DELETE FROM "{schema}".segments s
            WHERE s.topic = of_topic AND (through_segment IS NULL OR s.segment <= through_segment)
            RETURNING s.segment, s.rewrites
        )
        SELECT g.segment, g.rewrites FROM gone g ORDER BY g.segment DESC
    LOOP
        EXECUTE format('DROP FUNCTION "{schema}".%I', format('append_%s_%s', of_topic, going.segment));
        EXECUTE format('DROP FUNCTION "{schema}".%I', format('read_%s_%s', of_topic, going.segment));
        EXECUTE format('DROP TABLE %s', "{schema}".records_table(of_topic, going.segment, going.rewrites));
        -- A copied segment's table of before may still be there.
        IF going.rewrites > 0 THEN
            EXECUTE format(
                'DROP TABLE IF EXISTS %s', "{schema}".records_table(of_topic, going.segment, going.rewrites - 1));
        END IF;
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END;
$$;

-- Whether nobody else looks after a topic; nobody will until the transaction has ended.
CREATE FUNCTION "{schema}".lock_upkeep(of_topic integer) RETURNS boolean
LANGUAGE sql VOLATILE
AS $$ SELECT pg_try_advisory_xact_lock(hashtextextended('{schema}', of_topic::bigint << 16 | 65535)) $$;

-- Begins a topic's next segment if the open one is as old or as large as it may get. Its age counts from its first
-- record, so none is begun behind an empty one.
CREATE FUNCTION "{schema}".roll_segment(of_topic integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE
-- Below deadlock_timeout: of two who wait for each other's partitions, it is this one who gives way.
SET lock_timeout = '500ms'
AS $$
DECLARE
    due record;
    first_at timestamptz;
BEGIN
    IF NOT "{schema}".lock_upkeep(of_topic) THEN
        RETURN false;
    END IF;
    SELECT t.partitions, t.segment_bytes, s.segment, t.segment_ms * interval '1 ms' AS most_age INTO due
    FROM "{schema}".topics t JOIN "{schema}".segments s USING (topic)
    WHERE t.topic = of_topic ORDER BY s.segment DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT a.first_at INTO first_at FROM "{schema}".ages(of_topic, due.segment) a;
    IF first_at IS NULL OR (
        first_at > clock_timestamp() - due.most_age
        AND pg_total_relation_size("{schema}".records_table(of_topic, due.segment)::regclass) <= due.segment_bytes
    ) THEN
        RETURN false;
    END IF;
    -- First the topic, as whoever deletes it or adds partitions to it does.
    PERFORM FROM "{schema}".topics t WHERE t.topic = of_topic FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM "{schema}".lock_partitions(
        of_topic, ARRAY(SELECT generate_series(0, t.partitions - 1) FROM "{schema}".topics t WHERE t.topic = of_topic));
    PERFORM "{schema}".open_segment(of_topic);
    RETURN true;
END;
$$;

-- The first segment that holds a record which a group that is to have read it has not; null when there is none. A group
-- has read what is before its committed offset, so nothing where it has none.
CREATE FUNCTION "{schema}".protected_segment(of_topic integer) RETURNS integer
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT min(s.segment) FROM "{schema}".topics t
        CROSS JOIN LATERAL unnest(t.protected_groups) AS p (group_name)
        JOIN "{schema}".segment_starts s ON s.topic = t.topic
        JOIN "{schema}".segment_starts n
            ON n.topic = s.topic AND n.partition = s.partition AND n.segment = s.segment + 1
        LEFT JOIN "{schema}".group_offsets o
            ON o.group_name = p.group_name AND o.topic = s.topic AND o.partition = s.partition
        WHERE t.topic = of_topic AND n.first_offset > s.first_offset
            AND n.first_offset > coalesce(o.committed, 0)
    );
END;
$$;

-- Drops a topic's oldest segment if retention lets it go: it is closed, its last record is old enough or what is left
-- without it is still as much as is to be kept, and whoever is to have read its records has.
CREATE FUNCTION "{schema}".drop_due_segment(of_topic integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE
-- Whoever would read the table waits behind this.
SET lock_timeout = '200ms'
AS $$
DECLARE
    due record;
    is_due boolean;
BEGIN
    IF NOT "{schema}".lock_upkeep(of_topic) THEN
        RETURN false;
    END IF;
    SELECT t.retention_bytes, t.retention_ms, t.retention_ms * interval '1 ms' AS kept_for, s.segment, s.closed_at
    INTO due
    FROM "{schema}".topics t JOIN "{schema}".segments s USING (topic)
    WHERE t.topic = of_topic ORDER BY s.segment LIMIT 1;
    IF due.closed_at IS NULL OR num_nulls(due.kept_for, due.retention_bytes) = 2 THEN
        RETURN false;
    END IF;
    SELECT coalesce(a.last_at, due.closed_at) < clock_timestamp() - due.kept_for INTO is_due
    FROM "{schema}".ages(of_topic, due.segment) a;
    IF is_due IS NOT TRUE AND due.retention_bytes IS NOT NULL THEN
        SELECT sum(pg_total_relation_size("{schema}".records_table(s.topic, s.segment, s.rewrites)::regclass))
            >= due.retention_bytes INTO is_due
        FROM "{schema}".segments s WHERE s.topic = of_topic AND s.segment > due.segment;
    END IF;
    IF is_due IS NOT TRUE THEN
        RETURN false;
    END IF;
    -- What is to be kept does not change until this has ended. If it just has, there is a next time.
    PERFORM FROM "{schema}".topics t
    WHERE t.topic = of_topic AND t.retention_ms IS NOT DISTINCT FROM due.retention_ms
        AND t.retention_bytes IS NOT DISTINCT FROM due.retention_bytes
    FOR SHARE;
    IF NOT FOUND OR "{schema}".protected_segment(of_topic) <= due.segment THEN
        RETURN false;
    END IF;
    PERFORM "{schema}".drop_segments(of_topic, due.segment);
    RETURN true;
END;
$$;

-- Forgets producers without a registered name that have appended nothing to a topic for a week; one topic in a step.
CREATE FUNCTION "{schema}".forget_producers() RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET lock_timeout = '500ms'
AS $$
DECLARE
    old record;
BEGIN
    SELECT q.topic, array_agg(DISTINCT q.partition) AS partitions INTO old FROM "{schema}".sequences q
    WHERE q.appended_at < clock_timestamp() - interval '7 days'
        AND NOT EXISTS (SELECT FROM "{schema}".producers p WHERE p.producer = q.producer)
    GROUP BY q.topic ORDER BY q.topic LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- Who appends would otherwise lose the row that it has just read.
    PERFORM "{schema}".lock_partitions(old.topic, old.partitions);
    DELETE FROM "{schema}".sequences q
    WHERE q.topic = old.topic AND q.partition = ANY (old.partitions)
        AND q.appended_at < clock_timestamp() - interval '7 days'
        AND NOT EXISTS (SELECT FROM "{schema}".producers p WHERE p.producer = q.producer);
    RETURN FOUND;
END;
$$;
