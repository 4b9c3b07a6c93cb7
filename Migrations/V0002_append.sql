-- What the one way to add to the log does, and the two ways to end a stream.

-- Whether a stream at this version (0: no stream) is as an append expects it; see "append".
CREATE FUNCTION "{schema}".is_expected(expected bigint, version bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE expected WHEN -1 THEN true WHEN -2 THEN version > 0 ELSE expected = version END $$;

-- Appends units of work, each whole or not at all: a unit adds to one stream or several, and may be a command.
--
-- Streams (a unit's stand side by side; a stream may be named once a call):
--   expected: what must be true of the stream: its last version (0: no stream), or -1 for any, -2 for an existing one.
--   unit_of: the number (from 1) of the stream's unit. counts: how many events come to the stream, none included.
-- Events (in the order in which they are to stand in the log):
--   stream_of: the number of the event's stream. ordinals: from 1 within its stream.
-- Commands:
--   first_streams, last_streams: the numbers of its unit's. bodies: what is asked for. rejections: the domain's refusal
--   or null.
--
-- Answers with what was found, so that the caller knows where each event now stands: head, the log's last position
-- before; versions, each stream's last version before; and what kept units from being written: conflicting, the numbers
-- of the streams that were not as expected; closed, of those that take no more but were to; known, of the commands that
-- have been answered before.
--
-- The lock is held until the commit becomes visible, and the positions are taken under it. So whoever reads position n
-- can already read every position before it. The lock comes first in a statement of its own, because the statements
-- after it must see what was committed while it was waited for; that holds under READ COMMITTED only.
CREATE FUNCTION "{schema}".append(
    stream_ids text[], expected bigint[], unit_of integer[], counts integer[],
    stream_of integer[], ordinals integer[], event_ids uuid[], types text[], type_versions smallint[],
    payloads json[], metadata json[],
    command_ids text[], first_streams integer[], last_streams integer[], bodies bytea[], rejections json[],
    OUT head bigint, OUT versions bigint[], OUT conflicting bigint[], OUT closed bigint[], OUT known bigint[]
)
LANGUAGE plpgsql VOLATILE
-- A plan made while the table was small must not turn into a scan of the whole log.
SET enable_seqscan = off
-- Or every call would be planned anew, because a plan for the one array at hand looks cheaper than one for any array:
-- twice the time of a single append.
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    recorded timestamptz;
    last_version bigint;
    closed_version bigint;
    -- Of the units, those of which nothing is written.
    refused integer[];
    -- Of each stream, its last version and the log's last position once all is written.
    ends bigint[];
    positions bigint[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'expected an append under READ COMMITTED, found %', current_setting('transaction_isolation')
            USING ERRCODE = 'invalid_transaction_state';
    END IF;

    PERFORM pg_advisory_xact_lock(1297240692, ('"{schema}".events'::regclass)::oid::integer);

    SELECT e.position, e.recorded_at INTO head, recorded
    FROM ONLY "{schema}".events e ORDER BY e.position DESC LIMIT 1;
    head := coalesce(head, 0);
    -- The clock may be set back; the log's time is not.
    recorded := greatest(recorded, clock_timestamp());

    -- One event alone is the commonest call, and a third cheaper without sets.
    IF cardinality(event_ids) = 1 AND cardinality(stream_ids) = 1 AND cardinality(command_ids) = 0 THEN
        SELECT
            (SELECT c.version FROM "{schema}".closed_streams c WHERE c.stream_id = stream_ids[1]),
            (SELECT e.version FROM ONLY "{schema}".events e
                WHERE e.stream_id = stream_ids[1] ORDER BY e.version DESC LIMIT 1)
        INTO closed_version, last_version;
        versions := ARRAY[coalesce(closed_version, last_version, 0)];
        IF closed_version IS NOT NULL THEN
            closed := '{1}';
        ELSIF NOT "{schema}".is_expected(expected[1], versions[1]) THEN
            conflicting := '{1}';
        ELSE
            INSERT INTO "{schema}".events
                (position, version, recorded_at, event_id, type_version, stream_id, type, payload, metadata)
            VALUES (head + 1, versions[1] + 1, recorded, event_ids[1], type_versions[1], stream_ids[1], types[1],
                payloads[1], append.metadata[1]);
            PERFORM pg_notify('{schema}', '');
        END IF;
        RETURN;
    END IF;

    SELECT
        array_agg(found.version ORDER BY found.number),
        array_agg(found.number) FILTER (
            WHERE NOT found.is_too_late AND NOT "{schema}".is_expected(found.expected, found.version)),
        array_agg(found.number) FILTER (WHERE found.is_too_late)
    INTO versions, conflicting, closed
    FROM (
        SELECT s.number, s.expected, coalesce(c.version, last.version, 0) AS version,
            c.version IS NOT NULL AND s.count > 0 AS is_too_late
        FROM unnest(stream_ids, append.expected, counts) WITH ORDINALITY AS s (stream_id, expected, count, number)
        LEFT JOIN "{schema}".closed_streams c ON c.stream_id = s.stream_id
        LEFT JOIN LATERAL (
            SELECT e.version FROM ONLY "{schema}".events e
            WHERE e.stream_id = s.stream_id ORDER BY e.version DESC LIMIT 1
        ) last ON true
    ) found;

    IF cardinality(command_ids) > 0 THEN
        SELECT array_agg(asked.number) INTO known
        FROM unnest(command_ids) WITH ORDINALITY AS asked (id, number)
        JOIN "{schema}".commands c ON c.command_id = asked.id;
    END IF;

    IF conflicting IS NOT NULL OR closed IS NOT NULL OR known IS NOT NULL THEN
        refused := ARRAY(SELECT unit_of[n] FROM unnest(conflicting || closed) n)
            || ARRAY(SELECT unit_of[first_streams[n]] FROM unnest(known) n);
        SELECT array_agg(e.stream ORDER BY e.number), array_agg(e.ordinal ORDER BY e.number),
            array_agg(e.event_id ORDER BY e.number), array_agg(e.type ORDER BY e.number),
            array_agg(e.type_version ORDER BY e.number), array_agg(e.payload ORDER BY e.number),
            array_agg(e.metadata ORDER BY e.number)
        INTO stream_of, ordinals, event_ids, types, type_versions, payloads, append.metadata
        FROM unnest(stream_of, ordinals, event_ids, types, type_versions, payloads, append.metadata) WITH ORDINALITY
            AS e (stream, ordinal, event_id, type, type_version, payload, metadata, number)
        WHERE unit_of[e.stream] <> ALL (refused);
    END IF;

    INSERT INTO "{schema}".events
        (position, version, recorded_at, event_id, type_version, stream_id, type, payload, metadata)
    SELECT head + e.number, versions[e.stream] + e.ordinal, recorded, e.event_id, e.type_version,
        stream_ids[e.stream], e.type, e.payload, e.metadata
    FROM unnest(stream_of, ordinals, event_ids, types, type_versions, payloads, append.metadata) WITH ORDINALITY
        AS e (stream, ordinal, event_id, type, type_version, payload, metadata, number);

    IF cardinality(command_ids) > 0 THEN
        SELECT array_agg(s.version + s.count ORDER BY s.number), array_agg(head + s.written ORDER BY s.number)
        INTO ends, positions
        FROM (
            SELECT s.*, sum(CASE WHEN s.unit = ANY (refused) THEN 0 ELSE s.count END) OVER (ORDER BY s.number) AS written
            FROM unnest(versions, counts, unit_of) WITH ORDINALITY AS s (version, count, unit, number)
        ) s;
        INSERT INTO "{schema}".commands (position, recorded_at, command_id, digest, versions, rejection)
        SELECT positions[c.last], recorded, c.id, sha256(c.body), ends[c.first:c.last], c.rejection
        FROM unnest(command_ids, first_streams, last_streams, bodies, rejections)
            AS c (id, first, last, body, rejection)
        WHERE coalesce(unit_of[c.first] <> ALL (refused), true);
    END IF;

    -- A hint for whoever waits at the end of the log; it is sent with the commit.
    PERFORM pg_notify('{schema}', '');
END;
$$;

COMMENT ON FUNCTION "{schema}".append IS 'The only way events are written; see the comments in its migration.';
