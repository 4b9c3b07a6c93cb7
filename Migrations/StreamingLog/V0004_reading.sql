-- How records are read.

-- The records of a segment's partition from an offset on: so many at most, and about so many bytes, though always one.
--
-- A last row of nulls says that the partition ended with them, or just before the offset: for certain, since a segment that
-- grows is the last one. Without it there may be more.
--
-- As it stands here it reads the table "records". Each segment has a copy of it for its own table, "read_<topic>_
-- <segment>", until compaction has replaced that: who reads on where a segment grows need not have the segment looked for.
CREATE FUNCTION "{schema}".read(
    of_topic integer, of_segment integer, of_partition integer, from_offset bigint, most integer, most_bytes bigint
)
RETURNS TABLE (
    "offset" bigint, appended_at timestamptz, created_at timestamptz, message_id text, key bytea, value bytea,
    headers bytea
)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    found_count bigint;
BEGIN
    RETURN QUERY
    SELECT f."offset", f.appended_at, f.created_at, f.message_id, f.key, f.value, f.headers
    FROM (
        SELECT r.*, row_number() OVER up_to_here AS number,
            sum(64 + coalesce(octet_length(r.value), 0) + coalesce(octet_length(r.key), 0)
                + coalesce(octet_length(r.headers), 0)) OVER up_to_here AS bytes
        FROM "{schema}".records r WHERE r.partition = of_partition AND r."offset" >= from_offset
        WINDOW up_to_here AS (ORDER BY r."offset" ROWS UNBOUNDED PRECEDING)
        ORDER BY r."offset" LIMIT most
    ) f WHERE f.number = 1 OR f.bytes <= most_bytes;
    GET DIAGNOSTICS found_count = ROW_COUNT;
    IF found_count < most AND from_offset + found_count - 1 = (
        SELECT r."offset" FROM "{schema}".records r WHERE r.partition = of_partition ORDER BY r."offset" DESC LIMIT 1
    ) AND EXISTS (
        SELECT FROM "{schema}".segments s
        WHERE s.topic = of_topic AND s.segment = of_segment AND s.closed_at IS NULL
    ) THEN
        RETURN QUERY SELECT NULL::bigint, NULL::timestamptz, NULL::timestamptz, NULL, NULL::bytea, NULL::bytea, NULL::bytea;
    END IF;
END;
$$;

-- Makes the copies of "append" and "read" that a segment has for its own table.
CREATE FUNCTION "{schema}".make_functions(of_topic integer, of_segment integer) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    model record;
BEGIN
    FOR model IN
        SELECT p.proname AS name, p.prosrc AS body, pg_get_function_arguments(p.oid) AS arguments,
            CASE WHEN p.proretset THEN 'RETURNS ' || pg_get_function_result(p.oid) ELSE '' END AS result,
            CASE p.provolatile WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END AS volatility
        FROM pg_proc p WHERE p.oid IN ('"{schema}".append'::regproc, '"{schema}".read'::regproc)
    LOOP
        EXECUTE format(
            'CREATE FUNCTION "{schema}".%I(%s) %s LANGUAGE plpgsql %s
            SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS %L',
            format('%s_%s_%s', model.name, of_topic, of_segment), model.arguments, model.result, model.volatility,
            replace(model.body, '"{schema}".records ', "{schema}".records_table(of_topic, of_segment) || ' '));
    END LOOP;
END;
$$;

-- The records of a partition from an offset on: so many at most, and about so many bytes, though always one. The first
-- row says where the partition begins and ends, and is no record. No row at all says that there is no such partition.
CREATE FUNCTION "{schema}".read_records(
    from_topic text, from_partition integer, from_offset bigint, most integer, most_bytes bigint
)
RETURNS TABLE (
    first_offset bigint, next_offset bigint, "offset" bigint, appended_at timestamptz, created_at timestamptz,
    message_id text, key bytea, value bytea, headers bytea
)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
AS $$
DECLARE
    topic_id integer;
    holding text;
    is_found boolean;
BEGIN
    SELECT t.topic INTO topic_id FROM "{schema}".topics t WHERE t.name = from_topic;
    SELECT e.first_offset, e.next_offset INTO read_records.first_offset, read_records.next_offset
    FROM "{schema}".extents(topic_id, from_partition) e;
    IF read_records.next_offset IS NULL THEN
        RETURN;
    END IF;
    RETURN NEXT;
    IF from_offset < read_records.first_offset OR from_offset >= read_records.next_offset THEN
        RETURN;
    END IF;
    -- What is compacted may have nothing more in the segment that the offset was in.
    FOR holding IN
        SELECT "{schema}".records_table(s.topic, s.segment, (
            SELECT g.rewrites FROM "{schema}".segments g WHERE g.topic = s.topic AND g.segment = s.segment))
        FROM "{schema}".segment_starts s
        WHERE s.topic = topic_id AND s.partition = from_partition AND s.segment >= (
            SELECT b.segment FROM "{schema}".segment_starts b
            WHERE b.topic = topic_id AND b.partition = from_partition AND b.first_offset <= from_offset
            ORDER BY b.segment DESC LIMIT 1)
        ORDER BY s.segment
    LOOP
        RETURN QUERY EXECUTE format(
            'SELECT NULL::bigint, NULL::bigint, f."offset", f.appended_at, f.created_at, f.message_id, f.key, f.value,
                f.headers
            FROM (
                SELECT r.*, row_number() OVER up_to_here AS number,
                    sum(64 + coalesce(octet_length(r.value), 0) + coalesce(octet_length(r.key), 0)
                        + coalesce(octet_length(r.headers), 0)) OVER up_to_here AS bytes
                FROM %s r WHERE r.partition = $1 AND r."offset" >= $2
                WINDOW up_to_here AS (ORDER BY r."offset" ROWS UNBOUNDED PRECEDING)
                ORDER BY r."offset" LIMIT $3
            ) f WHERE f.number = 1 OR f.bytes <= $4',
            holding)
        USING from_partition, from_offset, most, most_bytes;
        is_found := FOUND;
        EXIT WHEN is_found;
    END LOOP;
END;
$$;

-- The offset of a partition's first record that was appended at a time or later; null when there is none. By halving,
-- since the time of appending only ever rises with the offset.
CREATE FUNCTION "{schema}".offset_at(of_topic text, of_partition integer, moment timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    low bigint;
    high bigint;
    probe record;
BEGIN
    SELECT e.first_offset, e.next_offset INTO low, high
    FROM "{schema}".topics t, LATERAL "{schema}".extents(t.topic, of_partition) e WHERE t.name = of_topic;
    WHILE low < high LOOP
        SELECT f."offset", f.appended_at INTO probe
        FROM "{schema}".read_records(of_topic, of_partition, low + (high - low) / 2, 1, 1) f WHERE f."offset" IS NOT NULL;
        IF probe."offset" IS NULL OR probe.appended_at >= moment THEN
            high := low + (high - low) / 2;
        ELSE
            low := probe."offset" + 1;
        END IF;
    END LOOP;
    -- Where records were compacted away, the first that is left.
    RETURN (SELECT max(f."offset") FROM "{schema}".read_records(of_topic, of_partition, low, 1, 1) f);
END;
$$;
