-- The end of a stream: no more events, and then out of the way.

-- Closes a stream if it is as expected (see "append"); a closed one stays as it is. Answers with the stream's last
-- version and whether it is closed now. Under the lock of appends, so that none is under way.
CREATE FUNCTION "{schema}".close_stream(
    stream text, expected bigint, OUT last_version bigint, OUT is_closed boolean
)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'expected a stream to be closed under READ COMMITTED, found %',
            current_setting('transaction_isolation') USING ERRCODE = 'invalid_transaction_state';
    END IF;

    PERFORM pg_advisory_xact_lock(1297240692, ('"{schema}".events'::regclass)::oid::integer);

    SELECT c.version INTO last_version FROM "{schema}".closed_streams c WHERE c.stream_id = stream;
    is_closed := FOUND;
    IF is_closed THEN
        RETURN;
    END IF;
    SELECT e.version INTO last_version
    FROM ONLY "{schema}".events e WHERE e.stream_id = stream ORDER BY e.version DESC LIMIT 1;
    last_version := coalesce(last_version, 0);
    is_closed := "{schema}".is_expected(expected, last_version);
    IF is_closed THEN
        INSERT INTO "{schema}".closed_streams (version, closed_at, stream_id)
        VALUES (last_version, clock_timestamp(), stream);
    END IF;
END;
$$;

-- Moves a closed stream's events out of the hot table; answers with how many, or null when the stream is not closed.
--
-- The log's last event always stays, because the next append takes its position from there; what is left behind is
-- moved by a later call.
CREATE FUNCTION "{schema}".archive_stream(stream text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off
AS $$
DECLARE
    moved bigint;
BEGIN
    PERFORM FROM "{schema}".closed_streams c WHERE c.stream_id = stream FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    WITH taken AS (
        DELETE FROM ONLY "{schema}".events e
        WHERE e.stream_id = stream AND e.position < (SELECT max(l.position) FROM ONLY "{schema}".events l)
        RETURNING e.*
    )
    INSERT INTO "{schema}".archived_events SELECT * FROM taken;
    GET DIAGNOSTICS moved = ROW_COUNT;
    UPDATE "{schema}".closed_streams c SET archived_at = clock_timestamp()
    WHERE c.stream_id = stream
        AND NOT EXISTS (SELECT FROM ONLY "{schema}".events e WHERE e.stream_id = stream);
    RETURN moved;
END;
$$;
