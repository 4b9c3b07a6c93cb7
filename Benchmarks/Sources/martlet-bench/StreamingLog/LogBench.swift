import Foundation
import Martlet
import MartletTesting

/// The streaming log: producing, from events to messages, consuming, and all of it in one chain.
struct LogBench {
    private let settings: Settings
    static let topic = Topic("bench", partitions: 4)
    private static let producers = 16
    private static let events = 200_000

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        var results = Results(settings)
        var rivals = LogRivals(settings)
        for round in 0..<settings.rounds {
            try await measureProducing(&results)
            let isLast = round == settings.rounds - 1
            try await measureFlow(&results, isReported: isLast)
            try await measureChain("end-to-end", of: OneLineMessages(), &results, isReported: isLast)
            try await measureChain("end-to-end-4", of: AccountMessages(), &results, isReported: isLast)
            try await rivals.measure(&results, isFirst: round == 0)
        }
        results.write()
    }

    private func measureProducing(_ results: inout Results) async throws {
        try await ThrowawayDatabase.with { database in
            let pgbench = try await Pgbench(ConnectionPool(database.configuration, size: 1), settings)
            let log = EmbeddedLog(postgres: database.configuration)
            try await log.migrate()
            try await log.create(Self.topic)
            try await results.measure("pgbench-16", unit: "rows/s") { try await pgbench.measure(clients: 16) }
            try await results.measure("log-produce-single", unit: "records/s", beside: "pgbench-16") {
                try await produce(1, to: log)
            }
            try await results.measure("log-produce-named", unit: "records/s", beside: "pgbench-16") {
                try await produce(1, to: log, areNamed: true)
            }
            try await results.measure("log-produce-held", unit: "records/s", beside: "log-produce-single") {
                try await HeldTransaction.during(in: database.configuration) { try await produce(1, to: log) }
            }
            try await results.measure("log-produce-batch", unit: "records/s", beside: "pgbench-16") {
                try await produce(100, to: log)
            }
        }
    }

    private func produce(_ count: Int, to log: EmbeddedLog, areNamed: Bool = false) async throws -> Measurement {
        var senders: [RecordSender] = []
        for number in 0..<Self.producers {
            let producer = try await log.producer(areNamed ? ProducerID("producer-\(number)") : nil, epoch: nil)
            senders.append(RecordSender(producer: producer, key: "key-\(number)", count: count))
        }
        return try await Load(seconds: settings.seconds, eventsPerCall: count).measure(senders)
    }

    /// What waits in the log of events goes to a topic, and from there into tables: by a statement for each page, by one
    /// for each message, and while a transaction is open for all the time.
    private func measureFlow(_ results: inout Results, isReported: Bool) async throws {
        try await ThrowawayDatabase.withApplication { bare in
            let counts = try await ServerCounters.countStatements(of: bare)
            try await LogFill(application: bare).fill(to: Self.events)
            let application = Application(postgres: bare.pool.configuration) { Publishing(AccountMessages()) }
            let flow = MessageFlow(application: application, count: Self.events)
            let cost = Cost(of: application, countsStatements: counts, isReported: isReported)
            try await results.measure("relay", unit: "messages/s", beside: "pgbench-16") {
                try await cost.counted("relay") { try await flow.relay() }
            }
            try await results.measure("consume", unit: "messages/s", beside: "pgbench-16") {
                try await cost.counted("consume") { try await flow.consume { BalancesByPage() } }
            }
            try await results.measure("consume-held", unit: "messages/s", beside: "consume") {
                try await HeldTransaction.during(in: bare.pool.configuration) {
                    try await flow.consume { BalancesByPage() }
                }
            }
            try await results.measure("consume-each", unit: "messages/s", beside: "pgbench-16") {
                try await flow.consume { BalancesOneByOne() }
            }
        }
    }

    private func measureChain<Messages: Publication>(
        _ title: String, of messages: Messages, _ results: inout Results, isReported: Bool
    ) async throws {
        try await ThrowawayDatabase.withApplication { bare in
            let counts = try await ServerCounters.countStatements(of: bare)
            let application = Application(postgres: bare.pool.configuration) { Publishing(messages) }
            let chain = MessageChain<Messages>(application: application, seconds: settings.seconds)
            try await results.measure(title, unit: "messages/s", beside: "pgbench-16") {
                try await Cost(of: application, countsStatements: counts, isReported: isReported)
                    .counted(title) { try await chain.measure() }
            }
        }
    }
}

/// What messages cost the processors, reported beside what was measured.
private struct Cost {
    let application: Application
    let countsStatements: Bool
    let isReported: Bool

    init(of application: Application, countsStatements: Bool, isReported: Bool) {
        (self.application, self.countsStatements, self.isReported) = (application, countsStatements, isReported)
    }

    func counted(_ title: String, _ body: () async throws -> Measurement) async throws -> Measurement {
        let start = ContinuousClock.now
        let before = try await ServerCounters.now(of: application, countsStatements: countsStatements)
        let measurement = try await body()
        let spent = try await ServerCounters.now(of: application, countsStatements: countsStatements).since(before)
        if isReported {
            let count = Int(measurement.rate * ((.now - start) / .seconds(1)))
            CostReport(spent: spent, count: count, noun: "messages").write(title)
        }
        return measurement
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

/// An idle transaction of another session: while it is open, nobody may remove what has been changed since.
enum HeldTransaction {
    static func during<Result>(
        in postgres: PostgresConfiguration, _ body: () async throws -> Result
    ) async throws -> Result {
        let connection = try await Connection.open(postgres)
        try await connection.query("SET idle_in_transaction_session_timeout = 0")
        try await connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
        try await connection.query("SELECT count(*) FROM pg_class")
        let result = try await body()
        try await connection.query("COMMIT")
        return result
    }
}
