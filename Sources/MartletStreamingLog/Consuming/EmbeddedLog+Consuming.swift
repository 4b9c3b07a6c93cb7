public import FoundationEssentials

extension EmbeddedLog: StreamingLog {
    public func consume(
        _ topics: [TopicName], as group: GroupName, options: ConsumeOptions,
        _ body: @escaping @Sendable (any AssignedPartition) async throws -> Void
    ) async throws {
        try group.check()
        guard !topics.isEmpty else {
            throw StreamingLogError.invalid("group \"\(group)\": expected a topic, found none")
        }
        guard (.milliseconds(300) ... .seconds(86_400)).contains(options.lease) else {
            throw StreamingLogError.invalid(
                "group \"\(group)\": expected a lease of 300 ms to a day, found \(options.lease)")
        }
        let signal = await storage.signals.follow(group)
        try await withThrowingTaskGroup(of: Membership.News.self) { tasks in
            var membership = Membership(
                of: group, reading: Set(topics).sorted(), options, in: storage, called: signal, body)
            do {
                try await membership.work(&tasks)
            } catch {
                await membership.end(&tasks)
                throw error
            }
        }
    }

    public func fetch(
        _ partition: TopicPartition, from offset: Offset, upTo limits: FetchLimits
    ) async throws(StreamingLogError) -> [StoredRecord] {
        try await storage.fetch(partition, from: offset, upTo: limits).records
    }

    public func wait(for partition: TopicPartition, from offset: Offset, atMost patience: Duration) async {
        let deadline = ContinuousClock.now + patience
        guard await !mayHaveRecords(partition, from: offset) else { return }
        let followed = await storage.signals.follow(partition)
        while !Task.isCancelled {
            let generation = await followed.signal.generation
            let rest = deadline - .now
            guard await !mayHaveRecords(partition, from: offset), rest > .zero else { return }
            await followed.signal.wait(since: generation, atMost: min(rest, Self.pollInterval))
        }
    }

    /// How long a notification is waited for before there is a look without one.
    static let pollInterval: Duration = .seconds(1)

    /// What cannot be read for another reason than the log's absence, whoever waits is to find out by reading.
    private func mayHaveRecords(_ partition: TopicPartition, from offset: Offset) async -> Bool {
        do throws(StreamingLogError) {
            return try await !fetch(partition, from: offset, upTo: FetchLimits(records: 1, bytes: 1)).isEmpty
        } catch { return !error.isPassing }
    }

    public func offset(in partition: TopicPartition, at time: Date) async throws(StreamingLogError) -> Offset? {
        try await storage.offset(in: partition, at: time)
    }

    public func groups() async throws(StreamingLogError) -> [GroupDescription] { try await storage.groups() }

    public func lag(of group: GroupName) async throws(StreamingLogError) -> [PartitionLag] {
        try await storage.lag(of: group)
    }

    public func seek(
        _ group: GroupName, in topic: TopicName, to place: SeekPlace
    ) async throws(StreamingLogError) {
        try group.check()
        try await storage.seek(group, in: topic, to: place)
    }

    public func delete(group: GroupName) async throws(StreamingLogError) { try await storage.delete(group: group) }
}

extension StreamingLogError {
    /// Whether the log is away for the moment, or others are in the way: whoever reads tries again.
    var isPassing: Bool {
        switch self {
        case .database(let error):
            error.isUnavailability || error.isOfTheMoment || error.leavesOutcomeUnknown
        case .overloaded: true
        default: false
        }
    }
}
