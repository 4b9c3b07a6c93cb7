-- How records come to stand in the transaction of somebody who keeps in it that they do.

-- Appends batches as "append" does, all of them, each wholly new; or fails, and the transaction with it. To be called
-- last of all, in one round trip with COMMIT, since the partitions are locked until then.
--
-- What keeps it from that is not what is appended, but what its producer thinks that it has appended before: so the
-- error is one of those after which the transaction may be tried again.
CREATE FUNCTION "{schema}".publish(
    to_topic text, producers text[], epochs bigint[], partitions integer[], afters bigint[], places tid[],
    firsts integer[], lasts integer[],
    batch_of integer[], numbers bigint[], created_at timestamptz[], message_ids text[], keys bytea[], vals bytea[],
    headers bytea[],
    OUT verdicts text[], OUT ends bigint[], OUT counts integer[], OUT last_sequences bigint[], OUT places_now tid[]
)
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    SELECT a.verdicts, a.ends, a.counts, a.last_sequences, a.places_now
    INTO publish.verdicts, publish.ends, publish.counts, publish.last_sequences, publish.places_now
    FROM "{schema}".append(
        to_topic, producers, epochs, partitions, afters, places, firsts, lasts, batch_of, numbers,
        publish.created_at, message_ids, keys, vals, publish.headers) a;
    IF verdicts IS NULL THEN
        RAISE EXCEPTION 'topic "%": there is none', to_topic USING ERRCODE = 'serialization_failure';
    END IF;
    FOR batch IN 1..cardinality(verdicts) LOOP
        IF verdicts[batch] <> 'appended' THEN
            RAISE EXCEPTION 'producer "%", partition %/%: expected to append behind sequence %, found it %, the last is %',
                producers[batch], to_topic, partitions[batch], afters[batch], verdicts[batch], last_sequences[batch]
                USING ERRCODE = 'serialization_failure';
        END IF;
        IF counts[batch] <> lasts[batch] - firsts[batch] + 1 THEN
            RAISE EXCEPTION 'producer "%", partition %/%: expected % new records, found that % of them are new',
                producers[batch], to_topic, partitions[batch], lasts[batch] - firsts[batch] + 1, counts[batch]
                USING ERRCODE = 'serialization_failure';
        END IF;
    END LOOP;
END;
$$;
