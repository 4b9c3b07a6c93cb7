-- What goes: segments, by retention or with their topic.

-- Drops a topic's segments up to one, or all for null, with their tables.
CREATE FUNCTION "{schema}".drop_segments(of_topic integer, through_segment integer) RETURNS integer
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    going integer;
    dropped integer := 0;
BEGIN
    FOR going IN
        SELECT s.segment FROM "{schema}".segments s
        WHERE s.topic = of_topic AND (through_segment IS NULL OR s.segment <= through_segment) ORDER BY s.segment
    LOOP
        DELETE FROM "{schema}".segments s WHERE s.topic = of_topic AND s.segment = going;
        EXECUTE format('DROP FUNCTION "{schema}".%I', format('append_%s_%s', of_topic, going));
        EXECUTE format('DROP TABLE %s', "{schema}".records_table(of_topic, going));
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END;
$$;
