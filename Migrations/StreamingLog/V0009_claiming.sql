-- What members of groups do.

-- Renews a member's leases, and gives it more where it has fewer than its fair share of a topic's partitions: those that
-- are free, or whose lease has run out. Answers with all that it holds, and which of them are too many: these it gives
-- back itself, once it has stopped reading them. A row without a partition names a topic that there is not; then nothing
-- was done.
--
-- A lease that begins raises the partition's epoch, so that whoever held it before can commit nothing more.
--
-- Locks are taken in this order: the group, its topics, leases, offsets. A commit takes an offset's alone.
CREATE FUNCTION "{schema}".claim(
    for_group text, on_topics text[], me uuid, lease interval,
    OUT topic_name text, OUT partition integer, OUT epoch bigint, OUT is_surplus boolean
) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
    moment timestamptz;
    mine integer[];
    wanted record;
    free integer;
    share bigint;
    missing bigint;
    total bigint;
    raised bigint;
    has_joined boolean := false;
    lacks_some boolean := false;
    -- Of the topics so far, how many partitions did not divide among the members: the next topic's fall to those who
    -- got none of them.
    leftovers bigint := 0;
BEGIN
    RETURN QUERY SELECT n, NULL::integer, NULL::bigint, NULL::boolean FROM unnest(on_topics) n
    WHERE NOT EXISTS (SELECT FROM "{schema}".topics t WHERE t.name = n);
    IF FOUND THEN
        RETURN;
    END IF;
    PERFORM "{schema}".lock_group(for_group);
    -- A topic that is deleted meanwhile is found missing the next time.
    mine := ARRAY(SELECT t.topic FROM "{schema}".topics t WHERE t.name = ANY (on_topics) ORDER BY t.topic FOR KEY SHARE);

    moment := clock_timestamp();
    DELETE FROM "{schema}".group_members m WHERE m.group_name = for_group AND m.expires_at < moment AND m.member <> me;
    UPDATE "{schema}".group_members m SET expires_at = moment + lease, topics = mine
    WHERE m.group_name = for_group AND m.member = me;
    IF NOT FOUND THEN
        INSERT INTO "{schema}".group_members (expires_at, member, group_name, topics)
        VALUES (moment + lease, me, for_group, mine);
        has_joined := true;
    END IF;
    UPDATE "{schema}".group_leases l SET leased_until = moment + lease
    WHERE l.group_name = for_group AND l.member = me;

    -- All of the group's topics, so that every member counts the leftovers alike.
    FOR wanted IN
        SELECT s.topic, count(*) AS readers, count(*) FILTER (WHERE m.member < me) AS rank,
            bool_or(m.member = me) AS is_mine
        FROM "{schema}".group_members m, unnest(m.topics) s (topic)
        WHERE m.group_name = for_group GROUP BY s.topic ORDER BY s.topic
    LOOP
        IF wanted.is_mine THEN
            PERFORM "{schema}".add_partitions(for_group, wanted.topic);
        END IF;
        SELECT count(*), count(*) FILTER (WHERE l.member = me) INTO total, missing
        FROM "{schema}".group_leases l WHERE l.group_name = for_group AND l.topic = wanted.topic;
        share := total / wanted.readers + CASE
            WHEN (wanted.rank - leftovers % wanted.readers + wanted.readers) % wanted.readers < total % wanted.readers
            THEN 1 ELSE 0 END;
        leftovers := leftovers + total % wanted.readers;
        CONTINUE WHEN NOT wanted.is_mine;
        missing := share - missing;
        FOR free IN
            SELECT l.partition FROM "{schema}".group_leases l
            WHERE l.group_name = for_group AND l.topic = wanted.topic AND (l.member IS NULL OR l.leased_until < moment)
            ORDER BY l.partition LIMIT greatest(missing, 0)
        LOOP
            raised := nextval('"{schema}".group_epochs');
            UPDATE "{schema}".group_leases l SET member = me, leased_until = moment + lease, epoch = raised
            WHERE l.group_name = for_group AND l.topic = wanted.topic AND l.partition = free;
            UPDATE "{schema}".group_offsets o SET epoch = raised
            WHERE o.group_name = for_group AND o.topic = wanted.topic AND o.partition = free;
            missing := missing - 1;
        END LOOP;
        lacks_some := lacks_some OR missing > 0;
        RETURN QUERY
        SELECT t.name, l.partition, l.epoch, row_number() OVER (ORDER BY l.partition) > share
        FROM "{schema}".group_leases l JOIN "{schema}".topics t ON t.topic = l.topic
        WHERE l.group_name = for_group AND l.topic = wanted.topic AND l.member = me ORDER BY l.partition;
    END LOOP;
    -- Those who hold more than their share, now that this one has come, need not find out by themselves.
    IF has_joined AND lacks_some THEN
        PERFORM "{schema}".call_group(for_group);
    END IF;
END;
$$;

COMMENT ON FUNCTION "{schema}".claim IS 'Renews a member''s leases and gives it its fair share of them.';

-- Gives partitions back, so that another member can have them at once; with none named (null), all, and the membership.
CREATE FUNCTION "{schema}".release(of_group text, me uuid, topic_names text[], partitions integer[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
BEGIN
    PERFORM FROM "{schema}".groups g WHERE g.group_name = of_group FOR NO KEY UPDATE;
    UPDATE "{schema}".group_leases l SET member = NULL, leased_until = '-infinity'
    WHERE l.group_name = of_group AND l.member = me AND (topic_names IS NULL OR EXISTS (
        SELECT FROM unnest(topic_names, partitions) p (name, number) JOIN "{schema}".topics t ON t.name = p.name
        WHERE t.topic = l.topic AND p.number = l.partition));
    IF topic_names IS NULL THEN
        DELETE FROM "{schema}".group_members m WHERE m.group_name = of_group AND m.member = me;
    END IF;
    PERFORM "{schema}".call_group(of_group);
END;
$$;
