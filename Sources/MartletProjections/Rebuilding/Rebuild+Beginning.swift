import FoundationEssentials
import MartletDomain
import MartletEventStore
import MartletPostgres

extension Rebuild {
    /// A build that this process may fill.
    struct Begun: Sendable {
        let new: Builds.Known
        let live: Builds.Known
        let lease: RebuildLease
        let leases: [PartitionLease]
        let resumedFrom: GlobalPosition?
        let droppedVersion: Int?
        let until: GlobalPosition?
    }

    private enum Beginning {
        case begun(Begun)
        /// Another process has it until then, if it lives.
        case rival(build: Int64, until: Date)
    }

    /// Takes up what an earlier process has left, or makes new tables.
    ///
    /// A process that was killed is waited for until its lease has run out; one that renews it is at work.
    /// - Parameter build: what this process has worked on before; when it is gone, another process has finished it.
    func begin(until: GlobalPosition?, goingOnWith build: Int64?) async throws -> Begun {
        var (build, known) = (build, Date?.none)
        while true {
            let expected = build
            let beginning = try await surroundings.pool.transaction { transaction in
                try await builds.lock(transaction)
                return try await begin(until: until, goingOnWith: expected, in: transaction)
            }
            switch beginning {
            case .begun(let begun): return begun
            case .rival(let theirs, let end):
                if let known, end > known { throw RebuildError.underWay(projection: name) }
                (build, known) = (theirs, end)
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func begin(
        until: GlobalPosition?, goingOnWith build: Int64?, in transaction: Transaction
    ) async throws -> Beginning {
        guard let live = try await builds.find(.live, in: transaction) else {
            throw RebuildError.neverBuilt(projection: name)
        }
        try checkVersion(against: live)
        let left = try await builds.find(stage, in: transaction)
        // The rival is done: what it made is not to be made all over, at the price of what it has kept.
        if let build, left?.target.build != build { throw RebuildError.underWay(projection: name) }
        if let left, let rival = try await RebuildLease.rival(of: member, on: left.target, in: transaction) {
            return .rival(build: left.target.build, until: rival)
        }
        if stage == .building {
            try await checkPrevious(behind: live, in: transaction)
            // Now, not only after hours of filling.
            try await swapping.checkDependents(
                [live, try await builds.find(.previous, in: transaction)], in: transaction)
        }
        let isUseful = if let left { try await canGoOn(with: left, until, in: transaction) } else { false }
        if let left, !isUseful { swapping.drop(left, in: transaction) }
        let new = if let left, isUseful { left } else { try await create(until, in: transaction) }
        let lease = RebuildLease(
            target: new.target, member: member, lease: surroundings.lease, pool: surroundings.pool)
        let leases = try await lease.take(in: transaction)
        return .begun(
            Begun(
                new: new, live: live, lease: lease, leases: leases,
                resumedFrom: isUseful ? leases.map(\.position).min() : nil,
                droppedVersion: isUseful ? nil : left?.target.version, until: until))
    }

    func checkVersion(against live: Builds.Known) throws {
        let declaration = writer.declaration
        if live.target.version > declaration.version {
            throw RebuildError.olderThanLive(
                projection: name, declared: declaration.version, live: live.target.version)
        }
        if live.target.version == declaration.version, live.digest != declaration.digest {
            throw ProjectionError.declaredOtherwise(projection: name, version: declaration.version)
        }
    }

    /// That a rebuild which is repeated does not drop what the first one has kept.
    func checkPrevious(behind live: Builds.Known, in transaction: Transaction) async throws {
        let (version, isLive) = (live.target.version, live.target.version == writer.declaration.version)
        guard isLive, !options.replacesPrevious, let previous = try await builds.find(.previous, in: transaction),
            previous.target.version != version
        else { return }
        throw RebuildError.alreadyLive(projection: name, version: version, previous: previous.target.version)
    }

    /// Whether an unfinished build is of the same making.
    func canGoOn(
        with left: Builds.Known, _ until: GlobalPosition?, in transaction: Transaction
    ) async throws -> Bool {
        let row = try await transaction.query(
            """
            SELECT b.until_position, min(p.position) FROM \(surroundings.schema).projection_builds b
            JOIN \(surroundings.schema).projection_partitions p ON p.build = b.build
            WHERE b.build = \(left.target.build) GROUP BY b.build
            """
        ).first
        guard let (end, position) = try row?.decode(Int64?.self, Int64.self) else { return false }
        let declaration = writer.declaration
        let isFinished = end.map { position >= $0 } ?? false
        return left.target.version == declaration.version && left.digest == declaration.digest
            && left.target.partitions == declaration.partitions && end == until?.rawValue && !isFinished
    }

    private func create(_ until: GlobalPosition?, in transaction: Transaction) async throws -> Builds.Known {
        let target = try await builds.create(stage, in: transaction)
        transaction.enqueue(
            """
            UPDATE \(surroundings.schema).projection_builds SET until_position = \(until?.rawValue)
            WHERE build = \(target.build)
            """)
        return Builds.Known(
            target: target, digest: writer.declaration.digest, tables: writer.declaration.tables.map(\.name))
    }

    /// The last position of a moment; nil for none.
    func position(of moment: RebuildOptions.Moment?) async throws -> GlobalPosition? {
        let head = try await surroundings.store.head()
        switch moment {
        case nil: return nil
        case .position(let position):
            guard position <= head, position >= .start else { throw RebuildError.beyondTheLog(position, head: head) }
            return position
        case .date(let date): return try await position(of: date, head)
        }
    }

    /// By halving, since positions and times grow together.
    private func position(of date: Date, _ head: GlobalPosition) async throws -> GlobalPosition {
        var (low, high) = (Int64(0), head.rawValue)
        while low < high {
            let middle = low + (high - low + 1) / 2
            let row = try await surroundings.pool.query(
                "SELECT recorded_at <= \(date) FROM \(surroundings.schema).events WHERE position = \(middle)"
            ).first
            if try row?.decode(Bool.self) ?? false { low = middle } else { high = middle - 1 }
        }
        return GlobalPosition(rawValue: low)
    }
}
