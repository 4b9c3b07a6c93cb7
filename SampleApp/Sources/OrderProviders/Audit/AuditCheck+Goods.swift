extension AuditCheck {
    static let goods = [
        // What is on hand is written nowhere: it is what the events leave of it, at every one of them.
        AuditCheck("no more is promised than was added") { events, _ in
            """
            SELECT substr(stream_id, 7), '0 or more on hand', format('%s', min(on_hand))
            FROM (
                SELECT stream_id, sum(
                    CASE type WHEN 'stock.reserved' THEN -(payload->>'quantity')::numeric
                        WHEN 'stock.dispatched' THEN 0 ELSE (payload->>'quantity')::numeric END
                ) OVER (PARTITION BY stream_id ORDER BY version) AS on_hand
                FROM \(events)
                WHERE type IN ('stock.added', 'stock.reserved', 'stock.released', 'stock.dispatched')
            ) AS moments
            WHERE on_hand < 0 GROUP BY stream_id
            """
        },
        AuditCheck("reserved = released + dispatched") { events, _ in
            """
            WITH moments AS (
                SELECT substr(stream_id, 7) AS sku, payload->>'order' AS order_id, type,
                    (payload->>'quantity')::numeric AS quantity,
                    sum(CASE type WHEN 'stock.reserved' THEN (payload->>'quantity')::numeric
                        ELSE -(payload->>'quantity')::numeric END
                    ) OVER (PARTITION BY stream_id, payload->>'order' ORDER BY version) AS open
                FROM \(events) WHERE type IN ('stock.reserved', 'stock.released', 'stock.dispatched')
            ), sums AS (
                SELECT sku, order_id, min(open) AS least,
                    coalesce(sum(quantity) FILTER (WHERE type = 'stock.reserved'), 0) AS reserved,
                    coalesce(sum(quantity) FILTER (WHERE type = 'stock.released'), 0) AS released,
                    coalesce(sum(quantity) FILTER (WHERE type = 'stock.dispatched'), 0) AS dispatched
                FROM moments GROUP BY sku, order_id
            )
            SELECT format('%s of order %s', sku, order_id), format('%s reserved before', reserved),
                format('%s released + %s dispatched', released, dispatched)
            FROM sums WHERE reserved <> released + dispatched OR least < 0
            """
        },
        AuditCheck("dispatched = lines of completed orders") { events, _ in
            """
            WITH wanted AS (
                SELECT substr(stream_id, 7) AS order_id, line->>'sku' AS sku, sum((line->>'quantity')::numeric) AS quantity
                FROM \(events) CROSS JOIN LATERAL json_array_elements(payload->'lines') AS line
                WHERE type = 'order.placed'
                    AND stream_id IN (SELECT stream_id FROM \(events) WHERE type = 'order.completed')
                GROUP BY 1, 2
            ), dispatched AS (
                SELECT payload->>'order' AS order_id, substr(stream_id, 7) AS sku,
                    sum((payload->>'quantity')::numeric) AS quantity
                FROM \(events) WHERE type = 'stock.dispatched' GROUP BY 1, 2
            )
            SELECT format('%s of order %s', sku, order_id), coalesce(wanted.quantity, 0)::text,
                coalesce(dispatched.quantity, 0)::text
            FROM wanted FULL JOIN dispatched USING (order_id, sku)
            WHERE coalesce(wanted.quantity, 0) <> coalesce(dispatched.quantity, 0)
            """
        },
        AuditCheck("a completed order has one parcel, others none") { events, ledger in
            """
            WITH parcels AS (
                SELECT order_id, CASE WHEN bool_or(kind = 'cancelled') THEN 0
                    ELSE count(*) FILTER (WHERE kind = 'booked') END AS parcels
                FROM \(ledger) WHERE provider = 'shipping' GROUP BY order_id
            ), completed AS (
                SELECT DISTINCT substr(stream_id, 7) AS order_id, 1 AS parcels
                FROM \(events) WHERE type = 'order.completed'
            )
            SELECT order_id, coalesce(completed.parcels, 0)::text, coalesce(parcels.parcels, 0)::text
            FROM parcels FULL JOIN completed USING (order_id)
            WHERE coalesce(completed.parcels, 0) <> coalesce(parcels.parcels, 0)
            """
        },
    ]
}
