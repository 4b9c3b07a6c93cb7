import FoundationEssentials
import MartletPostgres

/// One reader's part in a group: renews its leases, has a task read each partition that it holds, and gives back what is
/// to go to others once that task has ended.
struct Membership {
    typealias Body = @Sendable (any AssignedPartition) async throws -> Void
    typealias Tasks = ThrowingTaskGroup<News, any Error>

    /// What a member waits for.
    enum News: Sendable {
        /// It is time to renew the leases, or others have come or gone.
        case heartbeat
        /// Nobody reads the partition any more, because it is to go.
        case stopped(TopicPartition)
        /// Partitions whose readers have ended are to be given back, or begun with anew.
        case handover
        /// Nobody reads the partition any more, because there is nothing more to be done.
        case finished(TopicPartition)
    }

    private let group: GroupName
    private let topics: [TopicName]
    private let options: ConsumeOptions
    private let storage: any GroupStorage
    private let called: PartitionSignals.Followed
    private let body: Body
    private let member = UUID()
    private let clock: LeaseClock
    private let backoff = Backoff(base: .milliseconds(50), limit: .seconds(1))
    private var tenures: [TopicPartition: Tenure] = [:]
    private var isHandoverDue = false
    /// Claims that have failed in a row.
    private var failures = 0

    init(
        of group: GroupName, reading topics: [TopicName], _ options: ConsumeOptions, in storage: any GroupStorage,
        called: PartitionSignals.Followed, _ body: @escaping Body
    ) {
        (self.group, self.topics, self.options, self.storage) = (group, topics, options, storage)
        (self.called, self.body) = (called, body)
        clock = LeaseClock(of: options.lease)
    }

    /// Returns never.
    mutating func work(_ tasks: inout Tasks) async throws {
        try await beat(&tasks)
        while let news = try await tasks.next() {
            switch news {
            case .heartbeat: try await beat(&tasks)
            case .finished(let partition) where tenures[partition]?.isRevoked == false:
                tenures[partition]?.isFinished = true
            case .stopped(let partition), .finished(let partition):
                tenures[partition] = nil
                handOverSoon(&tasks)
            case .handover:
                isHandoverDue = false
                try await claim(&tasks)
            }
        }
    }

    /// Claims, and will do so again three times in a lease's time, or when another member calls.
    private mutating func beat(_ tasks: inout Tasks) async throws {
        let generation = await called.signal.generation
        try await claim(&tasks)
        let pause = failures == 0 ? options.lease / 3 : min(backoff.delay(after: failures), options.lease / 3)
        // While nobody can be reached, nobody calls.
        let (called, isReached) = (called, failures == 0)
        tasks.addTask {
            if isReached {
                await called.signal.wait(since: generation, atMost: pause)
            } else {
                try await Task.sleep(for: pause)
            }
            try Task.checkCancellation()
            return .heartbeat
        }
    }

    /// Readers that are to end do so at about the same time; one claim is enough for them all.
    private mutating func handOverSoon(_ tasks: inout Tasks) {
        guard !isHandoverDue else { return }
        isHandoverDue = true
        tasks.addTask {
            try await Task.sleep(for: .milliseconds(5))
            return .handover
        }
    }

    /// Brings the readers in line with the leases.
    private mutating func claim(_ tasks: inout Tasks) async throws {
        let sent = ContinuousClock.now
        do throws(StreamingLogError) {
            let leases = try await storage.claim(topics, for: group, member: member, lease: options.lease)
            clock.renewed(at: sent)
            follow(leases, &tasks)
            try await giveBack(leases)
            failures = 0
        } catch {
            try Task.checkCancellation()
            // The readers go on for as long as the leases last; whether they still may, each commit asks the log.
            guard error.isPassing else { throw error }
            failures += 1
        }
    }

    /// Ends what is read and not to be, and begins with what is held and not read.
    private mutating func follow(_ leases: [GroupLease], _ tasks: inout Tasks) {
        let kept = Dictionary(leases.filter { !$0.isSurplus }.map { ($0.partition, $0) }) { $1 }
        for (partition, tenure) in tenures where kept[partition]?.epoch != tenure.lease.epoch {
            tenure.revoke()
            if tenure.isFinished { tenures[partition] = nil }
        }
        for lease in kept.values where tenures[lease.partition] == nil {
            let tenure = Tenure(lease)
            tenures[lease.partition] = tenure
            let reading = Reading(
                tenure: tenure, group: group, options: options, clock: clock, storage: storage, body: body)
            tasks.addTask { try await reading.run() }
        }
    }

    private func giveBack(_ leases: [GroupLease]) async throws(StreamingLogError) {
        let free = leases.filter { $0.isSurplus && tenures[$0.partition] == nil }
        guard !free.isEmpty else { return }
        try await storage.release(free.map(\.partition), of: group, member: member)
    }

    /// Ends all readers and gives back what they had, also when the task is cancelled.
    func end(_ tasks: inout Tasks) async {
        tasks.cancelAll()
        while await tasks.nextResult() != nil {}
        let (storage, group, member) = (storage, group, member)
        // Without it the leases run out by themselves.
        await Task {
            do throws(StreamingLogError) { try await storage.release(nil, of: group, member: member) } catch {}
        }.value
    }
}
