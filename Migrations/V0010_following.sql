-- What those who follow the log do again and again: read on, and move their checkpoints.
--
-- Functions, since a prepared statement's plan, made while the log was empty, would be a scan of all of it for as long as
-- nobody analysed the table; and to plan the statement each time takes longer than to run it.

-- A page of the log.
CREATE FUNCTION "{schema}".log_page(beyond bigint, count integer) RETURNS SETOF "{schema}".events
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY SELECT e.* FROM "{schema}".events e WHERE e.position > beyond ORDER BY e.position LIMIT count;
END;
$$;

-- Moves the checkpoint of a partition of a build from one position to another, for whoever holds it under an epoch, and
-- holds its row until the transaction ends. The events that he has seen, the last one of each page that he has read and the
-- last one of all behind them, have to stand in the log: each answers for what was read with it. Answers with how often
-- operators have changed what is parked; null when it was not moved.
CREATE FUNCTION "{schema}".move_checkpoint(
    of_build bigint, of_partition smallint, under_epoch bigint, old_position bigint, new_position bigint,
    seen_positions bigint[], seen_events uuid[]
) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    found_parkings bigint;
BEGIN
    UPDATE "{schema}".projection_partitions p
    SET position = new_position,
        event_position = coalesce(seen_positions[cardinality(seen_positions)], p.event_position),
        event_id = coalesce(seen_events[cardinality(seen_events)], p.event_id)
    WHERE p.build = of_build AND p.partition = of_partition AND p.position = old_position AND p.epoch = under_epoch
        -- Each is looked up by itself, as the first of those from its position on: any other plan, made while the log was
        -- empty, might read all of it later, or an index that begins with something else.
        AND NOT EXISTS (
            SELECT FROM unnest(seen_positions, seen_events) AS s (position, id)
            LEFT JOIN LATERAL (
                SELECT e.position, e.event_id FROM "{schema}".events e
                WHERE e.position >= s.position ORDER BY e.position LIMIT 1
            ) found ON true
            WHERE (found.position, found.event_id) IS DISTINCT FROM (s.position, s.id))
    RETURNING p.parkings INTO found_parkings;
    RETURN found_parkings;
END;
$$;

-- Fails, and the transaction with it, unless a checkpoint was moved, and operators have changed what is parked as often as
-- whoever moves it knows. Both may be otherwise the next time, when he has looked again: so the error is one of those after
-- which the transaction may be tried again.
CREATE FUNCTION "{schema}".require_moved(parkings bigint, expected bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    IF parkings = expected THEN
        RETURN true;
    END IF;
    RAISE EXCEPTION '%', CASE
        WHEN parkings IS NULL THEN 'the checkpoint stands elsewhere, or is another process''s now'
        ELSE 'an operator has changed what is parked meanwhile' END
        USING ERRCODE = 'serialization_failure';
END;
$$;
