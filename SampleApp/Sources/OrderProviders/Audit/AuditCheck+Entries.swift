extension AuditCheck {
    static let entries = [
        AuditCheck("one entry for a key") { _, ledger in
            """
            SELECT format('%s key %s', provider, key), '1 entry', format('%s entries', count(*))
            FROM \(ledger) GROUP BY provider, key HAVING count(*) > 1
            """
        },
        AuditCheck("one entry for an order and kind") { _, ledger in
            """
            SELECT format('%s of order %s', kind, order_id), '1 entry', format('%s entries', count(*))
            FROM \(ledger) WHERE kind NOT IN ('refused', 'unchanged')
            GROUP BY provider, order_id, kind HAVING count(*) > 1
            """
        },
        AuditCheck("what the shop recorded, a provider did") { events, ledger in
            """
            WITH recorded AS (
                SELECT CASE split_part(type, '.', 1) WHEN 'payment' THEN 'payment' ELSE 'shipping' END AS provider,
                    substr(stream_id, strpos(stream_id, '-') + 1) AS order_id,
                    CASE type WHEN 'shipment.failed' THEN 'undeliverable' ELSE split_part(type, '.', 2) END AS kind,
                    type, (payload->>'cents')::numeric AS cents
                FROM \(events)
                WHERE type IN (
                    'payment.authorised', 'payment.declined', 'payment.captured', 'payment.voided', 'payment.refunded',
                    'shipment.booked', 'shipment.failed', 'shipment.cancelled')
            )
            SELECT format('%s of order %s', type, order_id),
                concat_ws(' of ', format('an entry %s', kind), format('%s cents', cents)), 'none'
            FROM recorded WHERE NOT EXISTS (
                SELECT FROM \(ledger) AS entry
                WHERE entry.provider = recorded.provider AND entry.order_id = recorded.order_id
                    AND (entry.kind = recorded.kind
                        -- It was so already, and the provider has said so.
                        OR (entry.kind = 'unchanged' AND entry.answer->recorded.kind IS NOT NULL))
                    AND entry.cents = coalesce(recorded.cents, entry.cents))
            """
        },
    ]
}
