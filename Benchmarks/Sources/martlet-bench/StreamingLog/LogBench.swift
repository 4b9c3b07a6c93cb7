import Foundation
import Martlet
import MartletTesting

/// The streaming log: producing, from events to messages, consuming, and all of it in one chain.
struct LogBench {
    let settings: Settings
    static let topic = Topic("bench", partitions: 4)
    static let producers = 16

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        var results = Results(settings)
        var rivals = LogRivals(settings)
        for round in 0..<settings.rounds {
            try await measureProducing(&results)
            try await rivals.measure(&results, isFirst: round == 0)
        }
        results.write()
    }

    private func measureProducing(_ results: inout Results) async throws {
        try await ThrowawayDatabase.with { database in
            let pgbench = try await Pgbench(ConnectionPool(database.configuration, size: 1), settings)
            let log = try await emptyLog(in: database)
            try await results.measure("pgbench-16", unit: "rows/s") { try await pgbench.measure(clients: 16) }
            try await results.measure("log-produce-single", unit: "records/s", beside: "pgbench-16") {
                try await produce(1, to: log)
            }
            try await results.measure("log-produce-batch", unit: "records/s", beside: "pgbench-16") {
                try await produce(100, to: log)
            }
        }
    }

    private func emptyLog(in database: ThrowawayDatabase) async throws -> EmbeddedLog {
        let log = EmbeddedLog(postgres: database.configuration)
        try await log.migrate()
        try await log.create(Self.topic)
        return log
    }

    private func produce(_ count: Int, to log: EmbeddedLog) async throws -> Measurement {
        let producer = try await log.producer(nil, epoch: nil)
        return try await Load(seconds: settings.seconds, eventsPerCall: count)
            .measure((0..<Self.producers).map { RecordSender(producer: producer, key: "key-\($0)", count: count) })
    }
}

/// Sends records of its own key, 250 bytes each, so many with every call.
struct RecordSender: Caller {
    let producer: any LogProducer
    let key: String
    let count: Int
    static let value = Array(repeating: UInt8(ascii: "x"), count: 250)

    func call() async throws {
        let record = Record(key: Array(key.utf8), value: Self.value)
        try await producer.send(Array(repeating: record, count: count), to: LogBench.topic.name)
    }
}
