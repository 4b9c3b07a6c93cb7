import FoundationEssentials
import MartletDomain
import MartletPostgres

extension PostgresStorage {
    package func readSnapshot(
        of stream: StreamName, stateVersion: Int, asOf: AsOf?, limit: Int
    ) async throws(EventStoreError) -> SnapshotPage {
        let (version, position, date) = asOf.columns
        // The snapshot comes as a row before the events, without an event's id.
        let found = try await rows(
            of: .prepared(
                """
                SELECT \(StoredEvent.columns) FROM \(schema).snapshot_page(
                    \(stream.description), \(Int64(stateVersion)), \(Int32(clamping: limit)),
                    \(version), \(position), \(date))
                """))
        let snapshot = try found.first.flatMap { row throws(EventStoreError) in
            try StoredSnapshot(row, of: stream, stateVersion: stateVersion)
        }
        let events = try StoredEvent.all(in: found.dropFirst(snapshot == nil ? 0 : 1))
        return SnapshotPage(snapshot: snapshot, events: events)
    }

    package func writeSnapshots(_ snapshots: [StoredSnapshot]) async throws(EventStoreError) {
        // In one order, so that no two writers wait for each other.
        let snapshots = snapshots.sorted { $0.stream.description < $1.stream.description }
        // Nobody waits for these to reach the disk: what is lost with the server is written again by and by.
        //
        // An older snapshot replaces one whose event it cannot see only if that was taken before this statement began;
        // otherwise its event may just be younger than what this statement sees.
        _ = try await rows(
            of: """
                WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
                INSERT INTO \(schema).snapshots AS kept
                    (position, version, taken_at, state_version, stream_id, state)
                SELECT taken.position, taken.version, clock_timestamp(), taken.state_version, taken.stream_id, taken.state
                FROM relaxed, unnest(
                    \(snapshots.map(\.position.rawValue)), \(snapshots.map(\.version.rawValue)),
                    \(snapshots.map(\.stateVersion)), \(snapshots.map(\.stream.description)),
                    \(snapshots.map { JSON(bytes: $0.state) })
                ) AS taken (position, version, state_version, stream_id, state)
                ON CONFLICT (stream_id) DO UPDATE SET
                    position = excluded.position, version = excluded.version, taken_at = excluded.taken_at,
                    state_version = excluded.state_version, state = excluded.state
                WHERE (kept.state_version, kept.version) <= (excluded.state_version, excluded.version)
                OR (
                    kept.state_version <= excluded.state_version AND kept.taken_at < statement_timestamp()
                    AND NOT EXISTS (
                        SELECT FROM \(schema).events e
                        WHERE e.stream_id = kept.stream_id AND e.version = kept.version AND e.position = kept.position
                    )
                )
                """)
    }
}

extension StoredSnapshot {
    /// Nil when the row is an event.
    fileprivate init?(_ row: Row, of stream: StreamName, stateVersion: Int) throws(EventStoreError) {
        let (position, version, state) = try decoding(row) { row throws(PostgresDecodingError) in
            let isEvent = try row.decode("event_id", as: UUID?.self) != nil
            return (
                try row.decode("position", as: Int64.self), try row.decode("version", as: Int64.self),
                isEvent ? nil : try row.decode("payload", as: JSON.self)
            )
        }
        guard let state else { return nil }
        self.init(
            stream: stream, stateVersion: stateVersion, version: StreamVersion(rawValue: version),
            position: GlobalPosition(rawValue: position), state: state.bytes)
    }
}
