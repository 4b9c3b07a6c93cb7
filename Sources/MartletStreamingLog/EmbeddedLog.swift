import FoundationEssentials
public import MartletPostgres

/// The streaming log that Martlet brings along: in PostgreSQL, in a schema of its own, beside the event store or in
/// another database.
///
/// ```swift
/// let log = EmbeddedLog(postgres: .environment)
/// try await log.migrate()
/// try await log.create(Topic("orders", partitions: 4))
/// try await log.producer().send(Record(key: Array("42".utf8), value: Array("placed".utf8)), to: "orders")
/// try await log.consume(["orders"], as: "shipping") { partition in
///     while true {
///         let records = try await partition.next(upTo: FetchLimits())
///         // …
///         if let last = records.last { try await partition.commit(last.offset.next) }
///     }
/// }
/// ```
///
/// `migrate()` is of the module `Martlet`. One of the log's programs, at least, calls ``run(whenFailing:)``.
public struct EmbeddedLog: Sendable {
    package let storage: any GroupStorage
    let appender: LogAppender
    let metadata: TopicMetadata
    /// The most bytes that a record may have.
    let largestRecord: Int
    /// All producers of this process that have no name.
    let ownProducer = ProducerID(UUID().uuidString.lowercased())

    package init(_ storage: any GroupStorage, largestRecord: Int = 1 << 20) {
        (self.storage, self.largestRecord) = (storage, largestRecord)
        metadata = TopicMetadata(storage)
        appender = LogAppender(storage)
    }

    /// Does no I/O.
    /// - Parameters:
    ///   - schema: where the log's tables live; its own, as its migrations are.
    ///   - connections: the most connections at once, besides the one that listens while somebody reads.
    ///   - largestRecord: the most bytes that a record may have, its headers included.
    public init(
        postgres: PostgresConfiguration, schema: SQLIdentifier = "martlet_log", connections: Int = 8,
        largestRecord: Int = 1 << 20
    ) {
        self.init(
            PostgresLogStorage(ConnectionPool(postgres, size: connections), schema: schema),
            largestRecord: largestRecord)
    }

    public func create(_ topic: Topic) async throws(StreamingLogError) {
        try topic.check()
        do throws(StreamingLogError) {
            try await storage.create(topic)
        } catch .topicExists(let name) {
            let found = try await storage.topics(named: [name]).first?.topic
            guard found == topic else { throw .topicExists(name) }
        }
    }

    public func topics() async throws(StreamingLogError) -> [TopicDescription] { try await storage.topics(named: nil) }

    public func describe(_ topic: TopicName) async throws(StreamingLogError) -> TopicDescription {
        guard let found = try await storage.topics(named: [topic]).first else { throw .unknownTopic(topic) }
        return found
    }

    public func setPartitions(of topic: TopicName, to count: Int) async throws(StreamingLogError) {
        try Topic(topic, partitions: count).check()
        try await storage.setPartitions(of: topic, to: count)
        metadata.forget(topic)
    }

    public func setRetention(of topic: TopicName, to retention: Topic.Retention) async throws(StreamingLogError) {
        try Topic(topic, retention: retention).check()
        try await storage.setRetention(of: topic, to: retention)
    }

    public func delete(_ topic: TopicName) async throws(StreamingLogError) {
        try await storage.delete(topic)
        metadata.forget(topic)
    }

    /// Begins new segments where they are due, and drops, compacts and forgets what may go, until the task is cancelled.
    ///
    /// One of the log's programs, at least, should run it; several may.
    /// - Parameter tell: called with the error of the last try when all have failed for a minute, and then each hour: the log
    ///   works on, but grows. It goes on trying by itself.
    public func run(
        whenFailing tell: @Sendable (StreamingLogError) -> Void = { _ in }
    ) async throws(CancellationError) {
        try await run(every: .seconds(10), whenFailing: tell)
    }

    func run(
        every interval: Duration, patience: Duration = .seconds(60),
        whenFailing tell: @Sendable (StreamingLogError) -> Void
    ) async throws(CancellationError) {
        var failing = LastingFailure(patience: patience)
        while true {
            do throws(StreamingLogError) {
                try await storage.maintain()
                failing.hasPassed()
            } catch {
                if failing.isToBeTold() { tell(error) }
            }
            do { try await Task.sleep(for: interval) } catch { throw CancellationError() }
        }
    }
}

extension Topic {
    /// - Throws: ``StreamingLogError/invalid(_:)``.
    func check() throws(StreamingLogError) {
        guard (1...1024).contains(partitions) else {
            throw .invalid("topic \"\(name)\": expected 1 to 1024 partitions, found \(partitions)")
        }
        guard retention.time.map(\.isAge) ?? true, retention.bytes.map({ $0 > 0 }) ?? true else {
            throw .invalid("topic \"\(name)\": expected a retention above zero, up to 1000 years, found \(retention)")
        }
        guard segments.time.isAge, segments.bytes > 0 else {
            throw .invalid("topic \"\(name)\": expected segments above zero, up to 1000 years, found \(segments)")
        }
        for group in retention.protecting { try group.check() }
    }
}

extension Duration {
    /// Whether something can be this old: what reaches back behind its calendar, PostgreSQL cannot compare with.
    fileprivate var isAge: Bool { self > .zero && self <= .seconds(1_000 * 365 * 86_400) }
}

extension GroupName {
    func check() throws(StreamingLogError) {
        guard let flaw = description.flawOfName else { return }
        throw .invalid("a group: \(flaw)")
    }
}

extension String {
    /// What keeps it from naming a group or a producer.
    var flawOfName: String? {
        guard (1...200).contains(utf8.count) else { return "expected a name of 1 to 200 bytes, found \(utf8.count)" }
        return utf8.contains(0) ? "expected a name without NUL" : nil
    }
}
