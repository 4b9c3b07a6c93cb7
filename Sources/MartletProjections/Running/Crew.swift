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

    init(_ writer: Writer, _ surroundings: ProjectionSurroundings, _ target: BuildTarget) {
        (self.writer, self.surroundings, self.target) = (writer, surroundings, target)
        claims = Claims(
            target: target, member: surroundings.member, lease: surroundings.lease, pool: surroundings.pool)
        pages = LogPages(writer, surroundings.store)
    }

    /// Returns when the build is not the live one any more.
    mutating func work(_ group: inout Group) async throws {
        defer { group.cancelAll() }
        addHeartbeat(to: &group)
        guard try await claim(&group) else { return }
        while let news = try await group.next() {
            switch news {
            case .heartbeat:
                addHeartbeat(to: &group)
                guard try await claim(&group) else { return }
            case .ended(let partition, let end):
                try await ended(partition, end)
                if case .fenced = end, try await !claim(&group) { return }
            }
        }
    }

    private func addHeartbeat(to group: inout Group) {
        group.addTask { [pause = surroundings.lease / 3] in
            try await Task.sleep(for: pause)
            return .heartbeat
        }
    }

    /// Brings the workers in line with the leases; false when the build is not the live one any more.
    private mutating func claim(_ group: inout Group) async throws -> Bool {
        let answer: Claims.Answer
        do {
            try await tell()
            answer = try await claims.claim()
            if answer.leases.isEmpty, try await !isLive() { return false }
        } catch let error as PostgresError where error.isUnavailability || error.isOfTheMoment {
            // The workers go on: whether they still may, each of their commits asks the database.
            return true
        }
        let held = Set(answer.leases.map { Place($0) })
        for tenure in tenures.values where !held.contains(Place(tenure.lease)) { tenure.revoke() }
        for lease in answer.leases.dropFirst(answer.share) { tenures[lease.partition]?.revoke() }
        for lease in answer.leases.prefix(answer.share) where tenures[lease.partition] == nil { start(lease, &group) }
        let surplus = answer.leases.dropFirst(answer.share).filter { tenures[$0.partition] == nil }
        try await claims.release(surplus)
        if tenures.values.contains(where: \.isRevoked) { await surroundings.signal.wake() }
        return true
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
        group.addTask {
            var worker = worker
            return .ended(partition: lease.partition, try await worker.run())
        }
    }

    private mutating func ended(_ partition: Int, _ end: Worker.End) async throws {
        guard let tenure = tenures.removeValue(forKey: partition) else { return }
        switch end {
        case .done: try await claims.release([tenure.lease])
        case .fenced:
            // Somebody else may be in the middle of a transaction there.
            try await Task.sleep(for: .milliseconds(50))
        case .stopped(let reason):
            let control = ProjectionControl(writer.declaration.name, surroundings)
            guard try await control.stop(because: reason, at: tenure.lease, of: target) else { return }
            surroundings.incidents.tell(
                ProjectionIncident(kind: .stopped, projection: writer.declaration.name, problem: reason))
        }
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
    mutating func disband(_ group: inout Group) async {
        group.cancelAll()
        while await group.nextResult() != nil {}
        let (claims, leases) = (claims, tenures.values.map(\.lease))
        // Without it the leases run out by themselves.
        await Task {
            do {
                try await claims.release(leases)
                try await claims.leave()
            } catch {}
        }.value
    }
}
