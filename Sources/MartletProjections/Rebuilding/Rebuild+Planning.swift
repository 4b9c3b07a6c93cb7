import FoundationEssentials
import MartletDomain
import MartletEventStore
import MartletPostgres

extension Rebuild {
    /// What ``run()`` would do; changes nothing.
    func plan() async throws -> RebuildPlan {
        let declaration = writer.declaration
        guard !declaration.tables.isEmpty else { throw RebuildError.noTables(projection: name) }
        guard let live = try await builds.find(.live) else { throw RebuildError.neverBuilt(projection: name) }
        try checkVersion(against: live)
        let until = try await position(of: options.until)
        let head = try await surroundings.store.head()
        let left = try await unfinished(until)
        let isSame = live.target.version == declaration.version && live.target.partitions == declaration.partitions
        return RebuildPlan(
            projection: name, version: declaration.version, versionBefore: live.target.version,
            partitions: declaration.partitions, tables: declaration.tables.map(\.name.name),
            schema: surroundings.tables(of: stage).name, target: until ?? head, resumesFrom: left?.position,
            dropsUnfinished: left?.position == nil ? left?.version : nil,
            dropsPrevious: stage == .building ? try await builds.find(.previous)?.target.version : nil,
            check: isSame && until == nil ? .sameRows : writer.isSampled ? .sample : .count,
            swaps: stage == .building,
            eventsPerSecond: try await trialRate().map { min($0, options.throttle.map(Double.init) ?? $0) },
            obstacles: try await obstacles(live, isRival: left?.isRival ?? false))
    }

    private func unfinished(
        _ until: GlobalPosition?
    ) async throws -> (version: Int, position: GlobalPosition?, isRival: Bool)? {
        guard let left = try await builds.find(stage) else { return nil }
        return try await surroundings.pool.transaction { transaction in
            let isUseful = try await canGoOn(with: left, until, in: transaction)
            let position = try await contents(left).positions(in: transaction).min()
            let rival = try await RebuildLease.rival(of: member, on: left.target, in: transaction)
            return (left.target.version, isUseful ? position : nil, rival != nil)
        }
    }

    private func obstacles(_ live: Builds.Known, isRival: Bool) async throws -> [String] {
        var obstacles: [String] = []
        if isRival { obstacles.append(RebuildError.underWay(projection: name).description) }
        guard stage == .building else { return obstacles }
        do {
            try await surroundings.pool.transaction { transaction in
                try await checkPrevious(behind: live, in: transaction)
                try await swapping.checkDependents(
                    [live, try await builds.find(.previous, in: transaction)], in: transaction)
            }
        } catch let error as RebuildError { obstacles.append(error.description) }
        return obstacles
    }

    /// Events a second of a batch that is projected into tables of its own and rolled back.
    private func trialRate() async throws -> Double? {
        // What other SQL and other code do elsewhere would not be rolled back.
        guard writer.isSampled else { return nil }
        let stored = try await surroundings.store.logPage(after: .start, limit: writer.declaration.largestBatch)
        let events = stored.compactMap { writer.route($0, surroundings.store) }
        guard !stored.isEmpty else { return nil }
        do {
            try await surroundings.pool.transaction { transaction in
                let place = surroundings.readModels.appending("_trial")
                transaction.enqueue("CREATE SCHEMA \(place)")
                transaction.enqueue(Checkpoint.settings(tables: place))
                for statement in writer.declaration.tables.flatMap(\.statements) { transaction.enqueue(statement) }
                try await transaction.flush()
                let begun = ContinuousClock.now
                if !events.isEmpty { try await writer.write(events, in: transaction) }
                throw Trial(time: .now - begun)
            }
            return nil
        } catch let trial as Trial {
            return Double(stored.count) / max(trial.time / .seconds(1), 0.000_001)
        } catch let error where error.isOfTheEvent {
            return nil
        }
    }

    /// Thrown so that the transaction is rolled back.
    private struct Trial: Error {
        let time: Duration
    }
}
