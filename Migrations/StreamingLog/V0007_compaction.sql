-- Compaction: of the records with one key only the last is kept, in the topics that want it.

-- Takes one step at the compaction of a topic's closed segments, and says whether there was one to take: copies a segment
-- without the records that later ones of the closed segments supersede, or drops the table that a copy has replaced.
--
-- A segment's first step takes all closed segments after it into account, each later step only those that were closed
-- since. So the cost of a step is that segment and what is new, whose keys are hashed. The oldest go first, since a
-- tombstone may only go once what it stands over has gone.
--
-- Offsets stay. A tombstone is kept for a day from when what it stands over has gone, so that whoever had begun to read
-- before sees it, and for as long as it is its partition's last record, so that reading comes to the end.
CREATE FUNCTION "{schema}".compact_segment(of_topic integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET lock_timeout = '200ms'
SET enable_nestloop = off
AS $$
DECLARE
    last_closed integer;
    due record;
    replaced text;
    keeping text;
    ends bigint[];
    is_superseded boolean;
BEGIN
    IF NOT "{schema}".lock_upkeep(of_topic) THEN
        RETURN false;
    END IF;
    SELECT max(s.segment) INTO last_closed FROM "{schema}".topics t JOIN "{schema}".segments s USING (topic)
    WHERE t.topic = of_topic AND t.is_compacted AND s.closed_at IS NOT NULL;
    SELECT "{schema}".records_table(s.topic, s.segment, s.rewrites - 1) INTO replaced FROM "{schema}".segments s
    WHERE s.topic = of_topic AND s.rewrites > 0
        AND to_regclass("{schema}".records_table(s.topic, s.segment, s.rewrites - 1)) IS NOT NULL
    ORDER BY s.segment LIMIT 1;
    IF FOUND THEN
        EXECUTE format('DROP TABLE %s', replaced);
        RETURN true;
    END IF;
    SELECT s.segment, s.rewrites, s.compacted_through,
        coalesce(s.compacted_at < clock_timestamp() - interval '24 hours', false) AS are_tombstones_due,
        "{schema}".records_table(s.topic, s.segment, s.rewrites) AS records_table INTO due
    FROM "{schema}".segments s
    WHERE s.topic = of_topic AND s.segment <= last_closed AND s.compacted_through < last_closed
    ORDER BY s.segment LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT array_agg(e.next_offset ORDER BY e.partition) INTO ends FROM "{schema}".extents(of_topic) e;
    SELECT format(
            '%s r LEFT JOIN (SELECT u.partition, u.key, max(u."offset") AS last_offset FROM (%s) u
                WHERE u.key IS NOT NULL GROUP BY u.partition, u.key) l
            ON l.partition = r.partition AND l.key = r.key
            WHERE (l.last_offset > r."offset"
                OR r.value IS NULL AND $1 AND r."offset" < $2[r.partition + 1] - 1)',
            due.records_table,
            string_agg(
                format(
                    'SELECT partition, key, "offset" FROM %s',
                    "{schema}".records_table(s.topic, s.segment, s.rewrites)),
                ' UNION ALL '))
        INTO keeping FROM "{schema}".segments s
    WHERE s.topic = of_topic AND s.segment BETWEEN greatest(due.compacted_through + 1, due.segment) AND last_closed;
    EXECUTE 'SELECT EXISTS (SELECT FROM ' || keeping || ')' INTO is_superseded
    USING due.are_tombstones_due, ends;
    IF is_superseded THEN
        EXECUTE format(
            'CREATE TABLE %s (LIKE "{schema}".records INCLUDING ALL)',
            "{schema}".records_table(of_topic, due.segment, due.rewrites + 1));
        EXECUTE format(
            'INSERT INTO %s SELECT r.* FROM %s IS NOT TRUE',
            "{schema}".records_table(of_topic, due.segment, due.rewrites + 1), keeping)
        USING due.are_tombstones_due, ends;
    END IF;
    UPDATE "{schema}".segments s
    SET compacted_through = last_closed, compacted_at = coalesce(s.compacted_at, clock_timestamp()),
        rewrites = s.rewrites + is_superseded::integer
    WHERE s.topic = of_topic AND s.segment = due.segment;
    RETURN true;
END;
$$;
