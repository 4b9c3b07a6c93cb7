import FoundationEssentials
import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletStreamingLog

/// A log with the topic "orders", and readers who each have a log of their own, as processes do.
struct GroupBench: Sendable {
    let configuration: PostgresConfiguration
    let log: EmbeddedLog

    static func with(partitions: Int = 4, _ body: (GroupBench) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            let bench = GroupBench(database.configuration)
            try await bench.prepare(partitions: partitions)
            try await body(bench)
        }
    }

    init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
        log = Self.log(configuration)
    }

    static func log(_ configuration: PostgresConfiguration) -> EmbeddedLog {
        EmbeddedLog(postgres: configuration, connections: 3)
    }

    func prepare(partitions: Int) async throws {
        try await log.migrate()
        try await log.create(Topic("orders", partitions: partitions))
    }

    /// Each number as a record's value, dealt to the partitions in turn.
    func send(_ numbers: Range<Int>, to topic: TopicName = "orders", among partitions: Int = 4) async throws {
        try await log.producer().send(
            numbers.map { Record(value: Array("\($0)".utf8), partition: $0 % partitions) }, to: topic)
    }

    func reader(
        of topics: [TopicName] = ["orders"], lease: Duration = .seconds(60), start: ConsumeOptions.Start = .beginning
    ) -> Reader {
        Reader(Self.log(configuration), topics, ConsumeOptions(start: start, lease: lease))
    }

    /// What a body gives back that reads the only partition.
    func reading<Result: Sendable>(
        _ options: ConsumeOptions = ConsumeOptions(),
        _ body: @escaping @Sendable (any AssignedPartition) async throws -> Result
    ) async throws -> Result {
        let (results, found) = AsyncThrowingStream.makeStream(of: Result.self)
        let log = Self.log(configuration)
        let member = Task {
            do {
                try await log.consume(["orders"], as: "readers", options: options) { found.yield(try await body($0)) }
            } catch { found.finish(throwing: error) }
        }
        defer { member.cancel() }
        var iterator = results.makeAsyncIterator()
        let result = try await iterator.next()
        member.cancel()
        await member.value
        return try #require(result)
    }

    func query(_ sql: SQL) async throws {
        let connection = try await Connection.open(configuration)
        try await connection.query(sql)
    }

    /// Asks again until the answer is as wanted.
    func eventually(
        within limit: Duration = .seconds(60), _ condition: () async throws -> Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, sourceLocation: sourceLocation)
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

/// A member of the group "readers" that notes what it reads and commits it.
final class Reader: Sendable {
    private let notes = Mutex<[(partition: TopicPartition, number: Int)]>([])
    private let places = Mutex<Set<TopicPartition>>([])
    private let task = Mutex<Task<Void, any Error>?>(nil)

    init(_ log: EmbeddedLog, _ topics: [TopicName], _ options: ConsumeOptions) {
        let work = Task {
            try await log.consume(topics, as: "readers", options: options) { partition in
                self.places.withLock { _ = $0.insert(partition.partition) }
                defer { self.places.withLock { _ = $0.remove(partition.partition) } }
                while true {
                    let records = try await partition.next(upTo: FetchLimits(records: 10))
                    self.notes.withLock { $0 += records.map { ($0.partition, $0.number) } }
                    if let last = records.last { try await partition.commit(last.offset.next) }
                }
            }
        }
        task.withLock { $0 = work }
    }

    /// What it reads now.
    var partitions: Set<TopicPartition> { places.withLock(\.self) }

    var numbers: [Int] { notes.withLock { $0.map(\.number) } }

    func numbers(in partition: TopicPartition) -> [Int] {
        notes.withLock { $0.filter { $0.partition == partition }.map(\.number) }
    }

    /// Ends it as a program ends; with what it threw.
    @discardableResult
    func stop() async -> (any Error)? {
        task.withLock { $0?.cancel() }
        return await result
    }

    /// What it threw, once it has ended.
    var result: (any Error)? {
        get async {
            if case .failure(let error) = await task.withLock(\.self)?.result { return error }
            return nil
        }
    }
}

extension StoredRecord {
    var number: Int { Int(String(decoding: value ?? [], as: UTF8.self)) ?? -1 }
}
