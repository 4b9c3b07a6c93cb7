import Martlet
import MartletPostgres
import MartletTesting
import Testing

@testable import MartletStreamingLog

@Suite(.tags(.database)) struct PublicationTests {
    private func batch(_ records: Record...) -> RecordBatch {
        RecordBatch(
            producer: "p", epoch: 0, partition: 0, after: -1,
            records: records.enumerated().map { SequencedRecord(sequence: Int64($0), record: $1) })
    }

    @Test func `a topic that is prepared is known while it is prepared once more`() async throws {
        try await ThrowawayDatabase.with { database in
            let log = EmbeddedLog(postgres: database.configuration)
            try await log.migrate()
            try await log.create(Topic("orders", partitions: 1))
            try await log.prepareToPublish(to: "orders")
            try await publishing(to: log) {
                for _ in 0..<200 { try await log.prepareToPublish(to: "orders") }
            }
        }
    }

    @Test func `a topic that is prepared is known while what is sent finds its segment ended`() async throws {
        try await ThrowawayDatabase.with { database in
            let log = EmbeddedLog(postgres: database.configuration)
            try await log.migrate()
            try await log.create(Topic("orders", partitions: 1, segments: .init(time: .milliseconds(1))))
            try await log.prepareToPublish(to: "orders")
            let producer = try await log.producer()
            try await publishing(to: log) {
                for _ in 0..<20 {
                    try await producer.send(Record("a", "1"), to: "orders")
                    try await log.maintainWhatIsFree()
                }
            }
        }
    }

    /// Publishes again and again, for as long as something else is done.
    private func publishing(
        to log: EmbeddedLog, while body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while !Task.isCancelled {
                    _ = try log.publication(of: [batch(Record("a", "1"))], to: "orders")
                    await Task.yield()
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    @Test func `a topic that has gone is not published to any more`() async throws {
        try await ThrowawayDatabase.with { database in
            let log = EmbeddedLog(postgres: database.configuration)
            try await log.migrate()
            try await log.create(Topic("orders", partitions: 1))
            try await log.prepareToPublish(to: "orders")
            try await log.delete("orders")
            let failures = [
                try await failure { try await log.prepareToPublish(to: "orders") },
                try await failure { try log.publication(of: [batch(Record("a", "1"))], to: "orders") },
            ]
            for error in failures { guard case .unknownTopic("orders") = error else { throw error } }
        }
    }

    @Test func `what has no key is not published to a compacted topic`() async throws {
        try await ThrowawayDatabase.with { database in
            let log = EmbeddedLog(postgres: database.configuration)
            try await log.migrate()
            try await log.create(Topic("orders", partitions: 1, isCompacted: true))
            try await log.prepareToPublish(to: "orders")
            _ = try log.publication(of: [batch(Record("a", "1"))], to: "orders")
            let refusal = try await failure {
                try log.publication(of: [batch(Record("a", "1"), Record(nil, "2"))], to: "orders")
            }
            let sent = try await failure { try await log.producer().send(Record(nil, "2"), to: "orders") }
            guard case .invalid(let problem) = refusal, case .invalid(problem) = sent else { throw refusal }
        }
    }
}
