-- How far groups have come.

-- What a group has committed in a partition, for the member whose lease has this epoch, whether it was set there, and where
-- the row stands; no row where another epoch has come.
CREATE FUNCTION "{schema}".committed_offset(
    of_group text, of_topic text, of_partition integer, of_epoch bigint, OUT committed bigint,
    OUT is_sought boolean, OUT place tid
) RETURNS SETOF record
LANGUAGE sql STABLE
SET enable_seqscan = off
AS $$
    SELECT o.committed, o.is_sought, o.ctid FROM "{schema}".topics t
    JOIN "{schema}".group_offsets o ON o.group_name = of_group AND o.topic = t.topic AND o.partition = of_partition
    WHERE t.name = of_topic AND o.epoch = of_epoch
$$;

-- Commits an offset and answers with where its row is now; null where another epoch has come.
CREATE FUNCTION "{schema}".commit_offset(
    of_group text, of_topic text, of_partition integer, of_epoch bigint, new_offset bigint, known_place tid
) RETURNS tid
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    topic_id integer;
    place tid;
BEGIN
    SELECT t.topic INTO topic_id FROM "{schema}".topics t WHERE t.name = of_topic;
    UPDATE "{schema}".group_offsets o SET committed = new_offset, committed_at = clock_timestamp(), is_sought = false
    WHERE o.ctid = known_place AND o.group_name = of_group AND o.topic = topic_id AND o.partition = of_partition
        AND o.epoch = of_epoch
    RETURNING o.ctid INTO place;
    IF NOT FOUND THEN
        UPDATE "{schema}".group_offsets o SET committed = new_offset, committed_at = clock_timestamp(), is_sought = false
        WHERE o.group_name = of_group AND o.topic = topic_id AND o.partition = of_partition AND o.epoch = of_epoch
        RETURNING o.ctid INTO place;
    END IF;
    RETURN place;
END;
$$;

-- How far a group is behind in each partition that it has read, or has a member for. Where nothing has been committed,
-- it has all that is there before it. "age": for how many seconds the first unread record has stood there.
CREATE FUNCTION "{schema}".group_lag(of_group text) RETURNS TABLE (
    topic_name text, partition integer, committed bigint, next_offset bigint, records bigint, age double precision,
    member uuid
)
LANGUAGE sql VOLATILE
SET enable_seqscan = off
AS $$
    SELECT t.name, o.partition, o.committed, e.next_offset, greatest(e.next_offset - u.first_unread, 0),
        coalesce(extract(epoch FROM clock_timestamp() - r.appended_at), 0)::double precision,
        CASE WHEN l.leased_until >= clock_timestamp() THEN l.member END
    FROM "{schema}".group_offsets o
    JOIN "{schema}".topics t ON t.topic = o.topic
    CROSS JOIN LATERAL "{schema}".extents(o.topic, o.partition) e
    CROSS JOIN LATERAL (SELECT greatest(o.committed, e.first_offset)) u (first_unread)
    LEFT JOIN LATERAL (SELECT f.appended_at
        FROM "{schema}".read_records(t.name, o.partition, u.first_unread, 1, 1) f
        WHERE f."offset" IS NOT NULL LIMIT 1) r ON true
    LEFT JOIN "{schema}".group_leases l
        ON l.group_name = o.group_name AND l.topic = o.topic AND l.partition = o.partition
    WHERE o.group_name = of_group ORDER BY t.name, o.partition
$$;

-- Sets where a group goes on in a topic: 'beginning', 'end', 'offset' (as far as there is such a one) or 'time' (the
-- first record that was appended then or later). Answers with how many members the group has; while there are any,
-- nothing is done. Null says that there is no such topic.
CREATE FUNCTION "{schema}".seek_group(
    of_group text, of_topic text, place text, place_offset bigint, moment timestamptz
) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
    topic_id integer;
    members bigint;
BEGIN
    -- What is to be set nowhere makes no group.
    PERFORM FROM "{schema}".topics t WHERE t.name = of_topic;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM "{schema}".lock_group(of_group);
    SELECT t.topic INTO topic_id FROM "{schema}".topics t WHERE t.name = of_topic FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    members := "{schema}".active_members(of_group);
    IF members = 0 THEN
        PERFORM "{schema}".add_partitions(of_group, topic_id);
        UPDATE "{schema}".group_offsets o
        -- Whoever still thinks that it reads does not overwrite it.
        SET epoch = nextval('"{schema}".group_epochs'), committed_at = clock_timestamp(), is_sought = true,
            committed = CASE place
            WHEN 'beginning' THEN e.first_offset
            WHEN 'end' THEN e.next_offset
            WHEN 'offset' THEN least(greatest(place_offset, e.first_offset), e.next_offset)
            WHEN 'time' THEN coalesce("{schema}".offset_at(of_topic, o.partition, moment), e.next_offset)
            END
        FROM "{schema}".extents(topic_id) e
        WHERE o.group_name = of_group AND o.topic = topic_id AND o.partition = e.partition;
        UPDATE "{schema}".group_leases l SET member = NULL, leased_until = '-infinity'
        WHERE l.group_name = of_group AND l.topic = topic_id;
    END IF;
    RETURN members;
END;
$$;

-- Forgets a group, unless it has members: so many.
CREATE FUNCTION "{schema}".delete_group(of_group text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    members bigint;
BEGIN
    PERFORM FROM "{schema}".groups g WHERE g.group_name = of_group FOR UPDATE;
    members := "{schema}".active_members(of_group);
    IF members = 0 THEN
        DELETE FROM "{schema}".groups g WHERE g.group_name = of_group;
    END IF;
    RETURN members;
END;
$$;
