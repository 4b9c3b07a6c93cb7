/// Martlet's own schema, embedded in the binary, in the order in which it is applied.
///
/// The files are templates: `{schema}` stands for the schema's name.
public enum MartletMigrations {
    /// File name and UTF-8 text of each migration.
    public static let files: [(name: String, bytes: [UInt8])] = [
        ("V0001_events.sql", PackageResources.V0001_events_sql),
        ("V0002_append.sql", PackageResources.V0002_append_sql),
        ("V0003_closing.sql", PackageResources.V0003_closing_sql),
        ("V0004_projections.sql", PackageResources.V0004_projections_sql),
        ("V0005_snapshots.sql", PackageResources.V0005_snapshots_sql),
        ("V0006_claims.sql", PackageResources.V0006_claims_sql),
        ("V0007_rebuilds.sql", PackageResources.V0007_rebuilds_sql),
        ("V0008_processes.sql", PackageResources.V0008_processes_sql),
        ("V0009_outbox.sql", PackageResources.V0009_outbox_sql),
        ("V0010_following.sql", PackageResources.V0010_following_sql),
    ]

    /// The same of the streaming log's schema.
    public static let streamingLog: [(name: String, bytes: [UInt8])] = [
        ("V0001_topics.sql", PackageResources.V0001_topics_sql),
        ("V0002_producers.sql", PackageResources.V0002_producers_sql),
        ("V0003_append.sql", PackageResources.V0003_append_sql),
        ("V0004_reading.sql", PackageResources.V0004_reading_sql),
        ("V0005_upkeep.sql", PackageResources.V0005_upkeep_sql),
        ("V0006_groups.sql", PackageResources.V0006_groups_sql),
        ("V0007_compaction.sql", PackageResources.V0007_compaction_sql),
        ("V0008_publish.sql", PackageResources.V0008_publish_sql),
        ("V0009_claiming.sql", PackageResources.V0009_claiming_sql),
        ("V0010_group_offsets.sql", PackageResources.V0010_group_offsets_sql),
    ]

    /// The same of the schema that a consumer has in its own database.
    public static let inbox: [(name: String, bytes: [UInt8])] = [
        ("V0001_inbox.sql", PackageResources.V0001_inbox_sql),
        ("V0002_letters.sql", PackageResources.V0002_letters_sql),
        ("V0003_foreign_ids.sql", PackageResources.V0003_foreign_ids_sql),
        ("V0004_decisions.sql", PackageResources.V0004_decisions_sql),
    ]
}
