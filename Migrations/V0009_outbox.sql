-- What is appended in somebody's own transaction.

-- Appends one event to a stream of whatever version, or fails, and the transaction with it. To be called last of all,
-- in one round trip with COMMIT, since the log is locked until then.
CREATE FUNCTION "{schema}".append_at_commit(
    to_stream text, event_id uuid, event_type text, type_version smallint, payload json, event_metadata json
) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    PERFORM FROM "{schema}".append(
        ARRAY[to_stream], '{-1}', '{1}', '{1}', '{1}', '{1}', ARRAY[event_id], ARRAY[event_type], ARRAY[type_version],
        ARRAY[payload], ARRAY[event_metadata], '{}', '{}', '{}', '{}', '{}') a
    WHERE a.closed IS NULL AND a.conflicting IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'stream "%": expected it to be open, found it closed', to_stream
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END;
$$;
