import Martlet

/// Every event becomes a message of about 250 bytes.
struct AccountMessages: Publication {
    static let name = "account_messages"
    static let topic = LogBench.topic
    static let source = "/martlet/bench"

    struct Received: Codable {
        let account: String
        let reference: String
        let cents: Int
        let note: String
    }

    func messages(for recorded: Recorded<Account>) -> [IntegrationEvent] {
        switch recorded.event {
        case .received(let account, let reference, let cents, let note),
            .sent(let account, let reference, let cents, let note):
            let data = Received(account: account, reference: reference, cents: cents, note: note)
            return [IntegrationEvent(type: "account.received.v1", data: data)]
        }
    }
}

/// The same by a topic of one partition, which is enough for a thousand events a second.
struct OneLineMessages: Publication {
    static let name = "one_line_messages"
    static let topic = Topic("one_line", partitions: 1)
    static let source = AccountMessages.source

    func messages(for recorded: Recorded<Account>) -> [IntegrationEvent] { AccountMessages().messages(for: recorded) }
}

/// How long it takes until all that waits has gone through.
struct MessageFlow {
    let application: Application
    let count: Int

    struct Wrong: Error, CustomStringConvertible { let description: String }

    func relay() async throws -> Measurement {
        try await application.migrate()
        let relaying = Task { try await application.run() }
        return try await timed(relaying) {
            try await application.log.describe(LogBench.topic.name).partitions.reduce(0) { $0 + Int($1.end.rawValue) }
        }
    }

    /// Reads the topic from its beginning, with an inbox of its own.
    func consume(@ConsumersBuilder _ handler: () -> [ConsumerPart]) async throws -> Measurement {
        let pool = application.pool
        try await pool.execute("DROP SCHEMA IF EXISTS martlet_inbox CASCADE")
        try await pool.execute("DROP TABLE IF EXISTS received")
        try await pool.execute(
            "CREATE TABLE received (account text PRIMARY KEY, cents bigint NOT NULL, messages bigint NOT NULL)")
        let consumers = Consumers(of: application.log, postgres: pool.configuration, handler)
        try await consumers.migrate()
        for consumer in consumers.consumers { try await forget(GroupName(consumer.name)) }
        let consuming = Task { try await consumers.run() }
        let measurement = try await timed(consuming) {
            var left = count
            for consumer in consumers.consumers {
                let lags = try await application.log.lag(of: GroupName(consumer.name))
                left = lags.isEmpty ? count : lags.reduce(0) { $0 + Int($1.records) }
            }
            return count - left
        }
        let taken = try await pool.query("SELECT sum(messages)::bigint FROM received")[0].decode(Int.self)
        guard taken == count else { throw Wrong(description: "expected \(count) messages taken, found \(taken)") }
        return measurement
    }

    private func forget(_ group: GroupName) async throws {
        if try await application.log.groups().contains(where: { $0.name == group }) {
            try await application.log.delete(group: group)
        }
    }

    /// How long it takes, from now, until all are done; then the work is ended.
    private func timed(
        _ running: Task<Void, any Error>, until done: () async throws -> Int
    ) async throws -> Measurement {
        let start = ContinuousClock.now
        defer { running.cancel() }
        while try await done() < count {
            guard .now - start < .seconds(120) else { throw Wrong(description: "found not all after two minutes") }
            try await Task.sleep(for: .milliseconds(10))
        }
        let elapsed = ContinuousClock.now - start
        running.cancel()
        _ = await running.result
        return Measurement(rate: Double(count) / (elapsed / .seconds(1)))
    }
}

/// An upsert for each message, one statement a page.
struct BalancesByPage: BatchMessageHandler {
    static let name = "balances"
    static let topics: [TopicName] = [LogBench.topic.name]

    func handle(_ messages: [Message], in transaction: Transaction) async throws {
        var sums: [String: (cents: Int64, messages: Int64)] = [:]
        for message in messages {
            let data = try message.decode(AccountMessages.Received.self)
            let (cents, count) = sums[message.key ?? ""] ?? (0, 0)
            sums[message.key ?? ""] = (cents + Int64(data.cents), count + 1)
        }
        let rows = sums.sorted { $0.key < $1.key }
        transaction.enqueue(
            """
            INSERT INTO received AS r (account, cents, messages)
            SELECT * FROM unnest(
                \(rows.map(\.key)), \(rows.map(\.value.cents)), \(rows.map(\.value.messages)))
            ON CONFLICT (account) DO UPDATE
            SET cents = r.cents + EXCLUDED.cents, messages = r.messages + EXCLUDED.messages
            """)
    }
}

/// An upsert for each message, a statement each, pipelined.
struct BalancesOneByOne: MessageHandler {
    static let name = "balances"
    static let topics: [TopicName] = [LogBench.topic.name]

    func handle(_ message: Message, in transaction: Transaction) async throws {
        let data = try message.decode(AccountMessages.Received.self)
        transaction.enqueue(
            """
            INSERT INTO received AS r (account, cents, messages) VALUES (\(message.key), \(Int64(data.cents)), 1)
            ON CONFLICT (account) DO UPDATE SET cents = r.cents + EXCLUDED.cents, messages = r.messages + 1
            """)
    }
}
