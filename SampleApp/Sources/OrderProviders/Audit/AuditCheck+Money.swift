extension AuditCheck {
    static let fulfilments = [
        AuditCheck("a fulfilment ends once") { events, _ in
            """
            SELECT substr(stream_id, 7), 'requested once, then completed or cancelled once',
                format('%s requested, %s completed, %s cancelled', requested, completed, cancelled)
            FROM (
                SELECT stream_id,
                    count(*) FILTER (WHERE type = 'order.fulfilmentRequested') AS requested,
                    count(*) FILTER (WHERE type = 'order.completed') AS completed,
                    count(*) FILTER (WHERE type = 'order.cancelled') AS cancelled
                FROM \(events)
                WHERE type IN ('order.fulfilmentRequested', 'order.completed', 'order.cancelled') GROUP BY stream_id
            ) AS orders
            WHERE requested > 1 OR (requested = 1 AND completed + cancelled <> 1) OR (requested = 0 AND completed > 0)
            """
        },
        AuditCheck("completed at the total of its lines") { events, _ in
            """
            WITH totals AS (
                SELECT stream_id, (
                    SELECT sum((line->>'quantity')::numeric * (line->>'unitCents')::numeric)
                    FROM json_array_elements(payload->'lines') AS line) AS cents
                FROM \(events) WHERE type = 'order.placed'
            )
            SELECT substr(completed.stream_id, 7), coalesce(totals.cents::text, 'an order that was placed'),
                completed.payload->>'cents'
            FROM \(events) AS completed LEFT JOIN totals USING (stream_id)
            WHERE completed.type = 'order.completed'
                AND (completed.payload->>'cents')::numeric IS DISTINCT FROM totals.cents
            """
        },
    ]

    static let money = [
        AuditCheck("authorised = captured + voided") { _, ledger in
            """
            SELECT order_id, format('%s authorised', authorised), format('%s captured + %s voided', captured, voided)
            FROM (
                SELECT order_id, coalesce(sum(cents) FILTER (WHERE kind = 'authorised'), 0) AS authorised,
                    coalesce(sum(cents) FILTER (WHERE kind = 'captured'), 0) AS captured,
                    coalesce(sum(cents) FILTER (WHERE kind = 'voided'), 0) AS voided
                FROM \(ledger) WHERE provider = 'payment' GROUP BY order_id
            ) AS orders
            WHERE authorised <> captured + voided
            """
        },
        AuditCheck("captured - refunded = total of a completed order") { events, ledger in
            """
            WITH kept AS (
                SELECT order_id, sum(CASE kind WHEN 'captured' THEN cents WHEN 'refunded' THEN -cents ELSE 0 END) AS cents
                FROM \(ledger) WHERE provider = 'payment' GROUP BY order_id
            ), completed AS (
                SELECT substr(stream_id, 7) AS order_id, sum((payload->>'cents')::numeric) AS cents
                FROM \(events) WHERE type = 'order.completed' GROUP BY stream_id
            )
            SELECT order_id, coalesce(completed.cents, 0)::text, coalesce(kept.cents, 0)::text
            FROM kept FULL JOIN completed USING (order_id)
            WHERE coalesce(completed.cents, 0) <> coalesce(kept.cents, 0)
            """
        },
        AuditCheck("nothing is both sent and refunded") { events, ledger in
            """
            WITH sent AS (
                SELECT payload->>'order' AS order_id FROM \(events) WHERE type = 'stock.dispatched'
                UNION (
                    SELECT order_id FROM \(ledger) WHERE provider = 'shipping' AND kind = 'booked'
                    EXCEPT SELECT order_id FROM \(ledger) WHERE provider = 'shipping' AND kind = 'cancelled')
            )
            SELECT DISTINCT order_id, 'sent or refunded', 'both'
            FROM sent JOIN \(ledger) AS refunds USING (order_id)
            WHERE refunds.provider = 'payment' AND refunds.kind = 'refunded'
            """
        },
    ]
}
