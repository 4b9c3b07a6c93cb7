-- How records come to stand in the transaction of somebody who keeps in it that they do.

-- Fails, and the transaction with it, unless an append that it looks at has appended all its batches, each wholly new. To
-- be called with the append last of all, in one round trip with COMMIT, since the partitions are locked until then.
--
-- What keeps it from that is not what is appended, but what its producer thinks that it has appended before, or that the
-- segment has ended: so the error is one of those after which the transaction may be tried again.
CREATE FUNCTION "{schema}".require_published(
    topic_name text, producers text[], partitions integer[], afters bigint[], firsts integer[], lasts integer[],
    verdicts text[], counts integer[], last_sequences bigint[]
) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    IF verdicts IS NULL THEN
        RAISE EXCEPTION 'topic "%": another segment takes what is appended', topic_name
            USING ERRCODE = 'serialization_failure';
    END IF;
    FOR batch IN 1..cardinality(verdicts) LOOP
        IF verdicts[batch] <> 'appended' THEN
            RAISE EXCEPTION 'producer "%", partition %/%: expected to append behind sequence %, found it %, the last is %',
                producers[batch], topic_name, partitions[batch], afters[batch], verdicts[batch], last_sequences[batch]
                USING ERRCODE = 'serialization_failure';
        END IF;
        IF counts[batch] <> lasts[batch] - firsts[batch] + 1 THEN
            RAISE EXCEPTION 'producer "%", partition %/%: expected % new records, found that % of them are new',
                producers[batch], topic_name, partitions[batch], lasts[batch] - firsts[batch] + 1, counts[batch]
                USING ERRCODE = 'serialization_failure';
        END IF;
    END LOOP;
    RETURN true;
END;
$$;
