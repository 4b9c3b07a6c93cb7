import MartletDomain
import MartletEventStore
import MartletPostgres

/// The workers of this process on one build: one for each partition that it holds a lease on.
struct Crew<Writer: ReadModelWriter> {
    typealias Worker = PartitionWorker<Writer>
    typealias Group = ThrowingTaskGroup<News, any Error>

    /// What the crew waits for.
    enum News: Sendable {
        /// It is time to renew the leases.
        case heartbeat
        case ended(partition: Int, Worker.End)
    }

    private let writer: Writer
    private let surroundings: ProjectionSurroundings
    private let target: BuildTarget
    private let claims: Claims
    private let pages: LogPages<Writer>
    private var tenures: [Int: PartitionTenure] = [:]
    private var lastTold = ContinuousClock.now
    private var hasJoined = false

    init(_ writer: Writer, _ surroundings: ProjectionSurroundings, _ target: BuildTarget) {
        (self.writer, self.surroundings, self.target) = (writer, surroundings, target)
        claims = Claims(
            projection: writer.declaration.name, target: target, member: surroundings.member,
            lease: surroundings.lease, pool: surroundings.pool)
        pages = LogPages(writer, surroundings.store, partitions: target.partitions)
    }

    /// Returns when the build is not the live one any more.
    mutating func work(_ group: inout Group) async throws {
        await addHeartbeat(to: &group)
        guard try await claim(&group) else { return }
        while let news = try await group.next() {
            switch news {
            case .heartbeat:
                await addHeartbeat(to: &group)
                guard try await claim(&group) else { return }
            case .ended(let partition, let end):
                try await ended(partition, end)
                if case .fenced = end, try await !claim(&group) { return }
            }
        }
    }

    /// Comes three times in a lease's time, and when another member calls.
    private func addHeartbeat(to group: inout Group) async {
        let (calls, pause) = (surroundings.calls[writer.declaration.name], surroundings.lease / 3)
        let generation = await calls.generation
        group.addTask {
            await calls.wait(since: generation, atMost: pause)
            try Task.checkCancellation()
            return .heartbeat
        }
    }

    /// Brings the workers in line with the leases; false when the build is not the live one any more.
    private mutating func claim(_ group: inout Group) async throws -> Bool {
        do {
            try await tell()
            let answer = try await claims.claim()
            if answer.leases.isEmpty, try await !isLive() { return false }
            try await follow(answer, &group)
        } catch let error as PostgresError where error.isUnavailability || error.isOfTheMoment {
            // The workers go on: whether they still may, each of their commits asks the database.
        }
        return true
    }

    /// Starts what is held and not worked on, ends what is worked on and not held, and gives back what is too much.
    private mutating func follow(_ answer: Claims.Answer, _ group: inout Group) async throws {
        let held = Set(answer.leases.map { Place($0) })
        for tenure in tenures.values where !held.contains(Place(tenure.lease)) { tenure.revoke() }
        for lease in answer.leases.dropFirst(answer.share) { tenures[lease.partition]?.revoke() }
        if tenures.values.contains(where: \.isRevoked) { await surroundings.signal.wake() }
        for lease in answer.leases.prefix(answer.share) where tenures[lease.partition] == nil { start(lease, &group) }
        try await claims.release(answer.leases.dropFirst(answer.share).filter { tenures[$0.partition] == nil })
        // Those who hold more than their share, now that this one has come, need not find out by themselves.
        let lacksSome = answer.leases.isEmpty || answer.leases.count < answer.share
        if !hasJoined, lacksSome { try await claims.callOthers() }
        hasJoined = true
    }

    private struct Place: Hashable {
        let partition: Int
        let epoch: Int64

        init(_ lease: PartitionLease) { (partition, epoch) = (lease.partition, lease.epoch) }
    }

    private func isLive() async throws -> Bool {
        try await Builds(writer.declaration, surroundings).find(.live)?.target.build == target.build
    }

    private mutating func start(_ lease: PartitionLease, _ group: inout Group) {
        let tenure = PartitionTenure(lease)
        tenures[lease.partition] = tenure
        let worker = Worker(writer, surroundings, target, tenure, pages)
        let place = AttendedPartition(build: target.build, number: lease.partition, tenure: tenure)
        group.addTask { [writer] in
            .ended(partition: lease.partition, try await Self.run(worker, attended: { await writer.attend(place) }))
        }
    }

    /// What works beside the worker ends with it.
    private static func run(
        _ worker: Worker, attended attend: @escaping @Sendable () async -> Void
    ) async throws -> Worker.End {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await attend() }
            defer { group.cancelAll() }
            var worker = worker
            return try await worker.run()
        }
    }

    private mutating func ended(_ partition: Int, _ end: Worker.End) async throws {
        guard let tenure = tenures.removeValue(forKey: partition) else { return }
        switch end {
        case .done: try await release(tenure.lease)
        case .fenced:
            // Somebody else may be in the middle of a transaction there.
            try await Task.sleep(for: .milliseconds(50))
        case .stopped(let reason):
            let control = ProjectionControl(writer.declaration.name, surroundings)
            guard try await control.stop(because: reason, at: tenure, of: target) else { return }
            surroundings.incidents.tell(
                ProjectionIncident(
                    kind: .stopped, of: writer.declaration.follower, projection: writer.declaration.name,
                    problem: reason))
        }
    }

    /// What cannot be given back now is found to be too much at the next heartbeat.
    private func release(_ lease: PartitionLease) async throws {
        do {
            try await claims.release([lease])
        } catch let error as PostgresError where error.isUnavailability || error.isOfTheMoment {}
    }

    private mutating func tell() async throws {
        let seconds = (ContinuousClock.now - lastTold) / .seconds(1)
        guard seconds > 0.1 else { return }
        lastTold = .now
        try await claims.tell(
            tenures.map { partition, tenure in
                let report = tenure.takeReport()
                return (partition, Double(report.events) / seconds, report.problem)
            })
    }

    /// Ends all workers and gives back what they had, also when the task is cancelled.
    func disband(_ group: inout Group) async {
        group.cancelAll()
        while await group.nextResult() != nil {}
        let (claims, leases) = (claims, tenures.values.map(\.lease))
        // Without it the leases run out by themselves.
        await Task {
            do {
                // In this order, since giving back calls the others, whose shares have to be larger by then.
                try await claims.leave()
                try await claims.release(leases)
            } catch {}
        }.value
    }
}
