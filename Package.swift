// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "martlet",
    products: [
        .library(name: "Martlet", targets: ["Martlet"]),
        .library(name: "MartletCLI", targets: ["MartletCLI"]),
        .library(name: "MartletHTTP", targets: ["MartletHTTP"]),
        .library(name: "MartletJSON", targets: ["MartletJSON"]),
        .library(name: "MartletTesting", targets: ["MartletTesting"]),
    ],
    traits: [
        .trait(name: "HTTP", description: "A small HTTP server on libmicrohttpd (needs libmicrohttpd-dev).")
    ],
    targets: [
        .systemLibrary(name: "CLibPQ"),
        .systemLibrary(name: "CMicroHTTPD"),

        .target(name: "MartletJSON"),
        .target(name: "MartletDomain", dependencies: ["MartletJSON"]),
        .target(name: "MartletPostgres", dependencies: ["CLibPQ"]),
        .target(
            name: "MartletMigrations", path: "Migrations",
            resources: [
                .embedInCode("V0001_events.sql"), .embedInCode("V0002_append.sql"),
                .embedInCode("V0003_closing.sql"), .embedInCode("V0004_projections.sql"),
                .embedInCode("V0005_snapshots.sql"), .embedInCode("V0006_claims.sql"),
                .embedInCode("V0007_rebuilds.sql"), .embedInCode("V0008_processes.sql"),
                .embedInCode("V0009_outbox.sql"), .embedInCode("V0010_following.sql"),
                .embedInCode("StreamingLog/V0001_topics.sql"), .embedInCode("StreamingLog/V0002_producers.sql"),
                .embedInCode("StreamingLog/V0003_append.sql"), .embedInCode("StreamingLog/V0004_reading.sql"),
                .embedInCode("StreamingLog/V0005_upkeep.sql"), .embedInCode("StreamingLog/V0006_groups.sql"),
                .embedInCode("StreamingLog/V0007_compaction.sql"), .embedInCode("StreamingLog/V0008_publish.sql"),
                .embedInCode("StreamingLog/V0009_claiming.sql"), .embedInCode("StreamingLog/V0010_group_offsets.sql"),
                .embedInCode("Inbox/V0001_inbox.sql"), .embedInCode("Inbox/V0002_letters.sql"),
                .embedInCode("Inbox/V0003_foreign_ids.sql"), .embedInCode("Inbox/V0004_decisions.sql"),
            ]),
        .target(name: "MartletEventStore", dependencies: ["MartletDomain", "MartletJSON", "MartletPostgres"]),
        .target(name: "MartletProjections", dependencies: ["MartletEventStore", "MartletDomain", "MartletPostgres"]),
        .target(
            name: "MartletProcesses",
            dependencies: [
                "MartletDomain", "MartletEventStore", "MartletJSON", "MartletPostgres", "MartletProjections",
            ]),
        .target(name: "MartletStreamingLog", dependencies: ["MartletPostgres"]),
        .target(
            name: "MartletMessaging",
            dependencies: [
                "MartletDomain", "MartletEventStore", "MartletJSON", "MartletPostgres", "MartletProjections",
                "MartletStreamingLog",
            ]),
        .target(
            name: "Martlet",
            dependencies: [
                "MartletDomain", "MartletEventStore", "MartletMessaging", "MartletMigrations", "MartletPostgres",
                "MartletProcesses", "MartletProjections", "MartletStreamingLog",
            ]),
        .target(
            name: "MartletTesting",
            dependencies: ["Martlet", "MartletDomain", "MartletEventStore", "MartletJSON", "MartletStreamingLog"]),
        .target(name: "MartletCLI", dependencies: ["Martlet", "MartletJSON"]),
        .target(
            name: "MartletHTTP",
            dependencies: [.target(name: "CMicroHTTPD", condition: .when(traits: ["HTTP"]))]),

        .testTarget(name: "MartletDomainTests", dependencies: ["MartletDomain", "MartletTesting"]),
        .testTarget(name: "MartletJSONTests", dependencies: ["MartletJSON"]),
        .testTarget(name: "MartletPostgresTests", dependencies: ["MartletPostgres", "MartletTesting"]),
        .testTarget(name: "MartletEventStoreTests", dependencies: ["Martlet", "MartletTesting"]),
        // A process for tests to kill.
        .executableTarget(name: "projection-fixture", dependencies: ["Martlet"], path: "Tests/ProjectionFixture"),
        .testTarget(
            name: "MartletProjectionsTests",
            dependencies: [
                "Martlet", "MartletEventStore", "MartletPostgres", "MartletProjections", "MartletTesting",
                "projection-fixture",
            ]),
        .executableTarget(
            name: "process-fixture", dependencies: ["Martlet", "MartletPostgres"], path: "Tests/ProcessFixture"),
        .testTarget(
            name: "MartletProcessesTests",
            dependencies: [
                "Martlet", "MartletCLI", "MartletEventStore", "MartletJSON", "MartletPostgres", "MartletProcesses",
                "MartletProjections", "MartletTesting", "process-fixture",
            ]),
        .testTarget(
            name: "MartletStreamingLogTests",
            dependencies: ["Martlet", "MartletPostgres", "MartletStreamingLog", "MartletTesting"]),
        .executableTarget(
            name: "messaging-fixture",
            dependencies: ["Martlet", "MartletMessaging", "MartletPostgres", "MartletStreamingLog"],
            path: "Tests/MessagingFixture"),
        .testTarget(
            name: "MartletMessagingTests",
            dependencies: [
                "Martlet", "MartletCLI", "MartletDomain", "MartletEventStore", "MartletMessaging", "MartletPostgres",
                "MartletProjections", "MartletStreamingLog", "MartletTesting", "messaging-fixture",
            ]),
        .testTarget(name: "MartletTestingTests", dependencies: ["Martlet", "MartletTesting"]),
        .testTarget(name: "MartletCLITests", dependencies: ["Martlet", "MartletCLI", "MartletTesting"]),
        .testTarget(name: "MartletHTTPTests", dependencies: ["MartletHTTP"]),
        .testTarget(name: "MartletTests", dependencies: ["Martlet", "MartletCLI", "MartletTesting"]),
    ],
    swiftLanguageModes: [.v6]
)
