import MartletDomain
import MartletPostgres

extension Rebuild {
    /// Compares with the live build, row for row at the very same positions; nil when it is of another shape, or stands
    /// where the new one is not any more.
    ///
    /// The live build moves on meanwhile: its positions and checksums are of one snapshot, and the new build is then
    /// brought to just these positions.
    func compare(_ fill: inout BuildFill<Writer>, _ begun: Begun) async throws -> RebuildReport.Verification? {
        let (live, new) = (begun.live.target, begun.new.target)
        guard live.version == new.version, live.partitions == new.partitions else { return nil }
        try await follow(begun, &fill)
        tally.begin(.verifying, at: fill.position, target: fill.position)
        guard let theirs = try await checksumsAhead(of: fill, begun) else { return nil }
        try await fill.run(upTo: theirs.positions)
        let ours = try await contents(begun.new).checksums().tables
        let unlike = zip(ours, theirs.tables).filter { $0 != $1 }
        if unlike.isEmpty { return .sameRows }
        var differences = try await differences(&fill, begun)
        // Sums that differed are not explained away by rows that do not differ any more.
        if differences.isEmpty {
            differences = unlike.map { one, other in
                TableDifference(table: one.name, rows: max(1, Int(abs(one.rows - other.rows))), examples: [])
            }
        }
        guard options.acceptsDifferences else { throw RebuildError.different(projection: name, differences) }
        return .acceptedDifferences(differences)
    }

    /// Brings the build near to where the live one stands, though never past it.
    private func follow(_ begun: Begun, _ fill: inout BuildFill<Writer>) async throws {
        for _ in 0..<100 {
            let theirs = try await contents(begun.live).positions()
            let gap = zip(theirs, fill.positions).map { $0.rawValue - $1.rawValue }.max() ?? 0
            guard gap > 0 else { return }
            try await fill.run(upTo: theirs)
            if gap < 5000 { return }
        }
    }

    /// The live build's checksums once it stands where the new one does, or farther; nil when that does not happen.
    private func checksumsAhead(
        of fill: BuildFill<Writer>, _ begun: Begun
    ) async throws -> BuildContents.Checksums? {
        let deadline = ContinuousClock.now + surroundings.lease * 2
        while try await !contents(begun.live).positions().areAhead(of: fill.positions) {
            guard .now < deadline else { return nil }
            try await Task.sleep(for: .milliseconds(50))
        }
        return try await contents(begun.live).checksums()
    }

    /// Which rows differ, at a moment at which both builds stand at the same positions, if one is to be had.
    private func differences(_ fill: inout BuildFill<Writer>, _ begun: Begun) async throws -> [TableDifference] {
        let (live, new) = (contents(begun.live), contents(begun.new))
        for attempt in 1...20 {
            try await fill.run(upTo: try await live.positions())
            let positions = fill.positions
            let found = try await surroundings.pool.transaction(.repeatableRead) { transaction in
                let isSame = try await live.positions(in: transaction) == positions
                return isSame || attempt == 20 ? try await new.differences(from: live, in: transaction) : nil
            }
            if let found { return found }
        }
        return []
    }

    /// Compares the rows of some keys with what comes out when they are folded apart from the table.
    func checkSample(_ fill: inout BuildFill<Writer>) async throws -> RebuildReport.Verification {
        tally.begin(.verifying, at: fill.position, target: fill.position)
        guard let verdict = try await fill.checkSample() else { return .countedOnly }
        guard verdict.different.isEmpty || options.acceptsDifferences else {
            throw RebuildError.unstable(projection: name, keys: Array(verdict.different.prefix(5)))
        }
        return .sampled(keys: verdict.keys)
    }
}

extension [GlobalPosition] {
    fileprivate func areAhead(of others: [GlobalPosition]) -> Bool { zip(self, others).allSatisfy { $0 >= $1 } }
}
