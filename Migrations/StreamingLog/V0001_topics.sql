-- The streaming log: topics of partitions, each an append-only sequence of records with offsets from 0 without a hole.
--
-- Records are in a table for each segment of a topic, so that retention drops tables and deletes no rows. Where a
-- partition ends is what the primary key's end says, not a row that each append would change: such a row's dead versions
-- pile up while any old transaction is open.

CREATE TABLE "{schema}".topics (
    topic integer GENERATED ALWAYS AS IDENTITY,
    partitions integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- How long records are kept, and how many bytes of them; null is without a limit.
    retention_ms bigint,
    retention_bytes bigint,
    -- When a segment ends and the next one begins.
    segment_ms bigint NOT NULL,
    segment_bytes bigint NOT NULL,
    -- Whether of the records with one key only the last is kept in the end.
    is_compacted boolean NOT NULL,
    name text COLLATE "C" NOT NULL,
    -- The groups that are to have read a record before it goes.
    protected_groups text[] COLLATE "C" NOT NULL DEFAULT '{}',
    CONSTRAINT topics_pkey PRIMARY KEY (topic),
    CONSTRAINT topics_name_key UNIQUE (name),
    CONSTRAINT topics_partitions_check CHECK (partitions BETWEEN 1 AND 1024)
);

COMMENT ON TABLE "{schema}".topics IS 'What there is to publish to.';

-- The tables of records, see "records_table"; the last one of a topic takes what is appended.
CREATE TABLE "{schema}".segments (
    topic integer NOT NULL,
    segment integer NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    -- The last segment whose records supersede none in this one any more; 0 before it has been compacted.
    compacted_through integer NOT NULL DEFAULT 0,
    -- When it was first compacted, and with it all before it: by then, what its tombstones stand over had gone.
    compacted_at timestamptz,
    -- How often its records have been copied into a new table.
    rewrites integer NOT NULL DEFAULT 0,
    CONSTRAINT segments_pkey PRIMARY KEY (topic, segment),
    CONSTRAINT segments_topic_fkey FOREIGN KEY (topic) REFERENCES "{schema}".topics ON DELETE CASCADE
);

COMMENT ON TABLE "{schema}".segments IS 'The tables that hold each topic''s records.';

-- Where each segment begins in each partition.
CREATE TABLE "{schema}".segment_starts (
    topic integer NOT NULL,
    partition integer NOT NULL,
    segment integer NOT NULL,
    first_offset bigint NOT NULL,
    CONSTRAINT segment_starts_pkey PRIMARY KEY (topic, partition, segment),
    CONSTRAINT segment_starts_segment_fkey FOREIGN KEY (topic, segment)
        REFERENCES "{schema}".segments ON DELETE CASCADE
);

-- What each segment's table is made like.
CREATE TABLE "{schema}".records (
    "offset" bigint NOT NULL,
    -- By the clock of the log's server; of one partition it never goes back.
    appended_at timestamptz NOT NULL,
    -- By its producer's.
    created_at timestamptz,
    partition integer NOT NULL,
    message_id text COLLATE "C",
    key bytea,
    -- Null says that what the key stands for is gone.
    value bytea,
    -- Pairs of a name and a value, each behind its length.
    headers bytea,
    PRIMARY KEY (partition, "offset")
);

COMMENT ON TABLE "{schema}".records IS 'Empty; the tables of records are made like it.';

-- A segment that is copied gets a table of another name. Under the same one, whoever had looked before the copy's commit
-- would find the new table and none of its rows.
CREATE FUNCTION "{schema}".records_table(topic integer, segment integer, rewrites integer DEFAULT 0) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT format('%I.%I', '{schema}', concat_ws('_', 'records', topic, segment, nullif(rewrites, 0)))
$$;

-- From where to where each partition of a topic, or one of them, has records.
CREATE FUNCTION "{schema}".extents(of_topic integer, of_partition integer DEFAULT NULL)
RETURNS TABLE (partition integer, first_offset bigint, next_offset bigint)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
AS $$
DECLARE
    last integer;
BEGIN
    SELECT max(s.segment) INTO last FROM "{schema}".segments s WHERE s.topic = of_topic;
    IF last IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT s.partition, o.first_offset, coalesce(e.last_offset + 1, s.first_offset)
        FROM "{schema}".segment_starts s
        CROSS JOIN LATERAL (SELECT b.first_offset FROM "{schema}".segment_starts b
            WHERE b.topic = s.topic AND b.partition = s.partition ORDER BY b.segment LIMIT 1) o
        LEFT JOIN LATERAL (SELECT r."offset" AS last_offset FROM %s r
            WHERE r.partition = s.partition ORDER BY r."offset" DESC LIMIT 1) e ON true
        WHERE s.topic = $1 AND s.segment = $2 AND ($3 IS NULL OR s.partition = $3) ORDER BY s.partition',
        "{schema}".records_table(of_topic, last))
    USING of_topic, last, of_partition;
END;
$$;

-- When the first and the last record of a segment were appended; null when it has none.
CREATE FUNCTION "{schema}".ages(of_topic integer, of_segment integer, OUT first_at timestamptz, OUT last_at timestamptz)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
AS $$
BEGIN
    EXECUTE format(
        'SELECT min(f.appended_at), max(l.appended_at) FROM "{schema}".segment_starts s
        CROSS JOIN LATERAL (SELECT r.appended_at FROM %1$s r
            WHERE r.partition = s.partition ORDER BY r."offset" LIMIT 1) f
        CROSS JOIN LATERAL (SELECT r.appended_at FROM %1$s r
            WHERE r.partition = s.partition ORDER BY r."offset" DESC LIMIT 1) l
        WHERE s.topic = $1 AND s.segment = $2',
        (SELECT "{schema}".records_table(s.topic, s.segment, s.rewrites) FROM "{schema}".segments s
            WHERE s.topic = of_topic AND s.segment = of_segment))
    INTO first_at, last_at USING of_topic, of_segment;
END;
$$;

-- Gives a topic its next segment, for whoever keeps all others from appending to it. A partition that had no segment yet
-- begins at offset 0.
CREATE FUNCTION "{schema}".open_segment(of_topic integer) RETURNS integer
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    last integer;
    next_offsets bigint[];
    moment timestamptz := clock_timestamp();
BEGIN
    SELECT max(s.segment) INTO last FROM "{schema}".segments s WHERE s.topic = of_topic;
    SELECT array_agg(e.next_offset ORDER BY e.partition) INTO next_offsets FROM "{schema}".extents(of_topic) e;
    IF last IS NOT NULL THEN
        -- The clock may have been set back since the last record.
        moment := greatest(moment, (SELECT a.last_at FROM "{schema}".ages(of_topic, last) a));
        UPDATE "{schema}".segments s SET closed_at = moment WHERE s.topic = of_topic AND s.segment = last;
    END IF;
    INSERT INTO "{schema}".segments (topic, segment, opened_at) VALUES (of_topic, coalesce(last, 0) + 1, moment);
    INSERT INTO "{schema}".segment_starts (topic, partition, segment, first_offset)
    SELECT of_topic, p, coalesce(last, 0) + 1, coalesce(next_offsets[p + 1], 0)
    FROM "{schema}".topics t, generate_series(0, t.partitions - 1) p WHERE t.topic = of_topic;
    EXECUTE format(
        'CREATE TABLE %s (LIKE "{schema}".records INCLUDING ALL)',
        "{schema}".records_table(of_topic, coalesce(last, 0) + 1));
    PERFORM "{schema}".make_functions(of_topic, coalesce(last, 0) + 1);
    RETURN coalesce(last, 0) + 1;
END;
$$;
