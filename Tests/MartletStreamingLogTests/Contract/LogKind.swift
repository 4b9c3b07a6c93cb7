import Martlet
import MartletTesting
import Testing

@testable import MartletStreamingLog

extension Tag {
    @Tag static var database: Self
}

/// The streaming logs that keep the same promises.
enum LogKind: CaseIterable {
    case inMemory
    case postgres

    /// Runs `body` on a log of its own, empty.
    func withLog<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: (any StreamingLog) async throws -> Result
    ) async throws -> Result {
        try await withEmbeddedLog { log in try await body(log) }
    }

    /// The same for what only Martlet's own logs promise.
    func withEmbeddedLog<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: (EmbeddedLog) async throws -> Result
    ) async throws -> Result {
        switch self {
        case .inMemory: try await body(.inMemory())
        case .postgres:
            try await ThrowawayDatabase.with { database in
                let log = EmbeddedLog(postgres: database.configuration, connections: 4)
                try await log.migrate()
                return try await body(log)
            }
        }
    }
}

/// What every streaming log promises, whatever it keeps its records in: each suite of this folder runs on all of them.
/// What is promised is what Kafka's documentation promises.
@Suite(.tags(.database)) enum LogContract {}

extension StreamingLog {
    /// All records of a partition from an offset on, read in pages.
    func records(of partition: TopicPartition, from offset: Offset = 0) async throws -> [StoredRecord] {
        var (found, next) = ([StoredRecord](), offset)
        while case let page = try await fetch(partition, from: next, upTo: FetchLimits(records: 100)),
            let last = page.last
        {
            found += page
            next = last.offset.next
        }
        return found
    }

    /// Of each partition of a topic, by its number.
    func records(in topic: TopicName) async throws -> [[StoredRecord]] {
        var found: [[StoredRecord]] = []
        for (number, extent) in try await describe(topic).partitions.enumerated() {
            found.append(try await records(of: TopicPartition(topic, number), from: extent.beginning))
        }
        return found
    }
}

extension Record {
    init(_ key: String?, _ value: String?, partition: Int? = nil, sequence: Int64? = nil) {
        self.init(
            key: key.map { Array($0.utf8) }, value: value.map { Array($0.utf8) }, partition: partition,
            sequence: sequence)
    }
}

extension StoredRecord {
    var keyText: String? { key.map { String(decoding: $0, as: UTF8.self) } }
    var text: String? { value.map { String(decoding: $0, as: UTF8.self) } }
}

/// The failure that `body` ends in.
func failure(
    isolation: isolated (any Actor)? = #isolation, sourceLocation: SourceLocation = #_sourceLocation,
    in body: () async throws -> some Any
) async throws -> StreamingLogError {
    let error = await #expect(throws: StreamingLogError.self, sourceLocation: sourceLocation) { _ = try await body() }
    return try #require(error, sourceLocation: sourceLocation)
}

/// Asks again until it holds, for half a minute.
func eventually(
    isolation: isolated (any Actor)? = #isolation, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("it did not come to hold", sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}
