import FoundationEssentials
import MartletDomain
import MartletEventStore
import MartletPostgres

/// One rebuild of a projection by this process: begin or go on, fill, follow the live build, verify, swap.
///
/// What it has come to stands in the database after every flush; nothing that it needs to go on is in this process.
struct Rebuild<Writer: ReadModelWriter>: Sendable {
    let writer: Writer
    let surroundings: ProjectionSurroundings
    let options: RebuildOptions
    let tally: RebuildTally
    let member = UUID()

    init(
        _ writer: Writer, _ surroundings: ProjectionSurroundings, _ options: RebuildOptions,
        _ tell: @escaping @Sendable (RebuildProgress) -> Void = { _ in }
    ) {
        (self.writer, self.surroundings, self.options) = (writer, surroundings, options)
        tally = RebuildTally(tell)
    }

    var name: String { writer.declaration.name }
    var builds: Builds { Builds(writer.declaration, surroundings) }
    var swapping: BuildSwap { BuildSwap(writer.declaration, surroundings) }
    var stage: BuildTarget.Stage { options.until == nil ? .building : .past }

    /// Goes on through absences of the database, each of at most half a minute or so.
    func run() async throws -> RebuildReport {
        guard !writer.declaration.tables.isEmpty else { throw RebuildError.noTables(projection: name) }
        let backoff = Backoff(base: .milliseconds(100), limit: .seconds(5))
        var (failures, known, aim) = (0, 0, Aim())
        while true {
            do {
                return try await attempt(&aim)
            } catch let error where error.isOfTheMoment && !Task.isCancelled && failures < 12 {
                failures = tally.events > known ? 1 : failures + 1
                known = tally.events
                try await Task.sleep(for: backoff.delay(after: failures))
            }
        }
    }

    /// What stays the same when it is tried again.
    private struct Aim {
        /// Where a past state ends: the same date may mean another position later.
        var until: GlobalPosition?
        var build: Int64?
    }

    private func attempt(_ aim: inout Aim) async throws -> RebuildReport {
        if let report = try await reportOfSwapped() { return report }
        if aim.until == nil { aim.until = try await position(of: options.until) }
        let begun = try await begin(until: aim.until, goingOnWith: aim.build)
        aim.build = begun.new.target.build
        do {
            return try await begun.lease.hold { try await carryOut(begun) }
        } catch let error as RebuildError where error.isOfTheRows {
            // With the code mended, nobody must go on with what the code before has made.
            try await surroundings.pool.execute(
                "UPDATE \(surroundings.schema).projection_builds SET digest = '' WHERE build = \(begun.new.target.build)"
            )
            throw error
        } catch let error as PostgresError where error.sqlState == .undefinedTable {
            // Who took the build over while this process slept has swapped its tables in, or dropped them.
            guard try await builds.find(stage)?.target.build == aim.build else { throw Checkpoint.Fenced() }
            throw error
        }
    }

    private func carryOut(_ begun: Begun) async throws -> RebuildReport {
        try await options.atStep(.begun)
        var fill = BuildFill(writer, surroundings, begun.new.target, begun.leases, options) { [tally] in
            tally.moved(to: $0, events: $1)
        }
        if let until = begun.until { return try await buildPast(begun, &fill, until) }
        tally.begin(.filling, at: fill.position, target: try await surroundings.store.head())
        let comparison = try await compare(&fill, begun)
        try await catchUp(&fill)
        try await options.atStep(.caughtUp)
        // What the live build has not reached yet was not compared; a sample that is there costs next to nothing.
        let sample = comparison == nil || fill.isSampleWhole ? try await checkSample(&fill) : .countedOnly
        let verification = comparison ?? sample
        try await options.atStep(.verified)
        let tables = try await tableCounts(begun)
        try await swap(&fill, begun)
        try await options.atStep(.swapped)
        return try await report(begun, fill.position, verification, tables, isLive: true)
    }

    private func buildPast(
        _ begun: Begun, _ fill: inout BuildFill<Writer>, _ until: GlobalPosition
    ) async throws -> RebuildReport {
        tally.begin(.filling, at: fill.position, target: until)
        try await fill.run(upTo: until)
        let past = contents(begun.new)
        try await past.analyze()
        tally.begin(.verifying, at: until, target: until)
        let verification = try await checkSample(&fill)
        let tables = try await past.rowCounts().map { RebuildReport.Table(name: $0, rows: $1, rowsBefore: nil) }
        return try await report(begun, until, verification, tables.sorted { $0.name < $1.name }, isLive: false)
    }

    /// Brings the build to the log's end, or so near that the rest can wait for the swap.
    private func catchUp(_ fill: inout BuildFill<Writer>) async throws {
        for _ in 0..<100 {
            let head = try await surroundings.store.head()
            guard head.rawValue - fill.position.rawValue > 500 || fill.position == .start else { break }
            tally.begin(fill.position == .start ? .filling : .catchingUp, at: fill.position, target: head)
            let isNear = head.rawValue - fill.position.rawValue < 1000
            try await fill.run(upTo: head)
            if isNear || head == .start { break }
        }
    }

    func contents(_ known: Builds.Known) -> BuildContents { BuildContents(known: known, pool: surroundings.pool) }

    // MARK: reports

    private func tableCounts(_ begun: Begun) async throws -> [RebuildReport.Table] {
        let before = try await contents(begun.live).rowCounts()
        return try await contents(begun.new).rowCounts().map { name, rows in
            RebuildReport.Table(name: name, rows: rows, rowsBefore: before[name])
        }.sorted { $0.name < $1.name }
    }

    private func report(
        _ begun: Begun, _ position: GlobalPosition, _ verification: RebuildReport.Verification,
        _ tables: [RebuildReport.Table], isLive: Bool
    ) async throws -> RebuildReport {
        RebuildReport(
            projection: name, version: begun.new.target.version, versionBefore: begun.live.target.version,
            schema: surroundings.tables(of: isLive ? .live : .past).name, position: position, events: tally.events,
            elapsed: tally.elapsed, resumedFrom: begun.resumedFrom, droppedVersion: begun.droppedVersion,
            tables: tables, verification: verification, parkedKeys: try await contents(begun.new).parkedKeys(),
            isLive: isLive)
    }

    /// The report of a swap whose own answer was lost; nil when none was, or it did not take effect.
    private func reportOfSwapped() async throws -> RebuildReport? {
        guard let build = tally.swapped, let live = try await builds.find(.live), live.target.build == build else {
            return nil
        }
        let previous = try await builds.find(.previous)
        let counts = try await contents(live).rowCounts()
        return RebuildReport(
            projection: name, version: live.target.version,
            versionBefore: previous?.target.version ?? live.target.version, schema: surroundings.readModels.name,
            position: try await contents(live).positions().min() ?? .start, events: tally.events,
            elapsed: tally.elapsed, resumedFrom: nil, droppedVersion: nil,
            tables: counts.map { .init(name: $0, rows: $1, rowsBefore: nil) }.sorted { $0.name < $1.name },
            verification: .countedOnly, parkedKeys: try await contents(live).parkedKeys(), isLive: true)
    }
}

extension Error {
    /// Whether the same may work in a moment: the database was away, or somebody was in the way.
    fileprivate var isOfTheMoment: Bool {
        switch self {
        case let error as PostgresError: error.isUnavailability || error.isOfTheMoment || error.leavesOutcomeUnknown
        case let error as EventStoreError:
            if case .database(let cause) = error { cause.isUnavailability || cause.isOfTheMoment } else { false }
        case is Checkpoint.Fenced: true
        default: false
        }
    }
}
