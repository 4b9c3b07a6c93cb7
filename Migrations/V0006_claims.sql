-- How the processes that run a projection share its partitions.

-- Renews a member's leases on a build, and gives it more where it has fewer than its fair share: those that are free,
-- or whose lease has run out. Answers with all that it holds, and with how many it should hold: the surplus it gives back
-- itself, once its workers have stopped.
--
-- A lease that begins raises the partition's epoch, so that whoever held it before can commit nothing more. Where the
-- worker before has died without moving from where it began, the partition is "suspect": its next event may be the one
-- that killed it. A partition in whose transaction somebody still is stays where it is until that has ended.
--
-- Locks that are waited for are taken in this order: the build, members, partitions, leases, the rows of each by the
-- partition's number. What somebody else has of a free partition is not waited for here, but left alone.
CREATE FUNCTION "{schema}".claim_partitions(
    wanted_build bigint, wanted_stage text, me uuid, lease interval,
    OUT share bigint, OUT partition smallint, OUT "position" bigint, OUT epoch bigint, OUT is_suspect boolean
) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
    moment timestamptz;
    free smallint;
    missing bigint;
BEGIN
    -- One at a time, so that members that come together see each other, and none while it is paused or swapped away.
    PERFORM FROM "{schema}".projection_builds b
    WHERE b.build = wanted_build AND b.stage = wanted_stage FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- A statement of its own: it sees what was committed while that one waited.
    IF wanted_stage = 'live' AND EXISTS (
        SELECT FROM "{schema}".projection_builds b JOIN "{schema}".projections p ON p.projection = b.projection
        WHERE b.build = wanted_build AND p.state <> 'running'
    ) THEN
        RETURN;
    END IF;
    moment := clock_timestamp();

    INSERT INTO "{schema}".projection_members AS m (build, expires_at, member) VALUES (wanted_build, moment + lease, me)
    ON CONFLICT ON CONSTRAINT projection_members_pkey DO UPDATE SET expires_at = EXCLUDED.expires_at;
    DELETE FROM "{schema}".projection_members m WHERE m.build = wanted_build AND m.expires_at < moment - interval '1 min';
    PERFORM FROM "{schema}".projection_leases l WHERE l.build = wanted_build AND l.member = me
    ORDER BY l.partition FOR UPDATE;
    UPDATE "{schema}".projection_leases l SET leased_until = moment + lease
    WHERE l.build = wanted_build AND l.member = me;

    -- Each gets as many as the others, and the first by their ids one more where they do not divide.
    SELECT held.count / crew.count + CASE WHEN crew.rank <= held.count % crew.count THEN 1 ELSE 0 END INTO share
    FROM (SELECT count(*) FROM "{schema}".projection_leases l WHERE l.build = wanted_build) held,
        (SELECT count(*), count(*) FILTER (WHERE m.member <= me) AS rank
            FROM "{schema}".projection_members m WHERE m.build = wanted_build AND m.expires_at >= moment) crew;

    SELECT share - count(*) INTO missing
    FROM "{schema}".projection_leases l WHERE l.build = wanted_build AND l.member = me;
    WHILE missing > 0 LOOP
        SELECT l.partition INTO free
        FROM "{schema}".projection_leases l
        JOIN "{schema}".projection_partitions p ON p.build = l.build AND p.partition = l.partition
        WHERE l.build = wanted_build AND (l.member IS NULL OR l.leased_until < moment)
        ORDER BY l.partition LIMIT 1 FOR UPDATE SKIP LOCKED;
        EXIT WHEN NOT FOUND;
        UPDATE "{schema}".projection_leases l
        SET member = me, leased_until = moment + lease, problem = NULL, rate = 0
        WHERE l.build = wanted_build AND l.partition = free;
        UPDATE "{schema}".projection_partitions p
        SET epoch = p.epoch + 1, claimed_position = p.position,
            is_suspect = coalesce(p.claimed_position = p.position, false) OR p.tried_position > p.position
        WHERE p.build = wanted_build AND p.partition = free;
        missing := missing - 1;
    END LOOP;

    RETURN QUERY
    SELECT claim_partitions.share, l.partition, p.position, p.epoch, p.is_suspect
    FROM "{schema}".projection_leases l
    JOIN "{schema}".projection_partitions p ON p.build = l.build AND p.partition = l.partition
    WHERE l.build = wanted_build AND l.member = me
    ORDER BY l.partition;
END;
$$;

COMMENT ON FUNCTION "{schema}".claim_partitions IS 'Renews a process''s leases and gives it its fair share of them.';
