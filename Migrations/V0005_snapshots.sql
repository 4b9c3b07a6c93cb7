-- Where a long stream need not be folded from its start.

-- The last state that was kept of each aggregate, only to save reading: any row may go at any time. A row is worth
-- something while the event it was taken at stands in the log, at this version and this position.
CREATE TABLE "{schema}".snapshots (
    position bigint NOT NULL,
    version bigint NOT NULL,
    taken_at timestamptz NOT NULL,
    -- The version of the state's shape and of how events are applied to it; a process reads its own only.
    state_version bigint NOT NULL,
    stream_id text COLLATE "C" NOT NULL,
    state json NOT NULL,
    CONSTRAINT snapshots_pkey PRIMARY KEY (stream_id)
);

COMMENT ON TABLE "{schema}".snapshots IS 'States of aggregates at some version; may be emptied at any time.';

-- The snapshot of a stream, if there is one of this state version whose event stands in the stream and had happened by
-- the moment, as a first row without an event's id and with the state as its payload; then a page of what follows it.
-- Without "moment" all three of its forms are null. A function for its settings, like stream_page.
CREATE FUNCTION "{schema}".snapshot_page(
    stream text, wanted_state_version bigint, count integer,
    as_of_version bigint, as_of_position bigint, as_of timestamptz
) RETURNS TABLE (
    "position" bigint, version bigint, recorded_at timestamptz, event_id uuid, stream_id text, type text,
    type_version smallint, payload json, metadata json
)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    kept record;
BEGIN
    SELECT s.position, s.version, s.state INTO kept FROM "{schema}".snapshots s
    WHERE s.stream_id = stream AND s.state_version = wanted_state_version
        AND EXISTS (
            SELECT FROM "{schema}".events e
            WHERE e.stream_id = stream AND e.version = s.version AND e.position = s.position
                AND (as_of_version IS NULL OR e.version <= as_of_version)
                AND (as_of_position IS NULL OR e.position <= as_of_position)
                AND (as_of IS NULL OR e.recorded_at <= as_of)
        );
    IF FOUND THEN
        RETURN QUERY SELECT kept.position, kept.version, NULL::timestamptz, NULL::uuid, NULL::text, NULL::text,
            NULL::smallint, kept.state, NULL::json;
    END IF;
    RETURN QUERY SELECT p.position, p.version, p.recorded_at, p.event_id, p.stream_id, p.type, p.type_version,
            p.payload, p.metadata
        FROM "{schema}".stream_page(
            stream, coalesce(kept.version, 0), false, count, as_of_version, as_of_position, as_of) p;
END;
$$;

COMMENT ON FUNCTION "{schema}".snapshot_page IS 'The last snapshot of a stream and the events after it.';
