import MartletDomain
import MartletEventStore

/// Fills all partitions of a build from the log: each page is read once and handed to all of them.
struct BuildFill<Writer: ReadModelWriter> {
    private let writer: Writer
    private let surroundings: ProjectionSurroundings
    private let options: RebuildOptions
    private let fills: [any PartitionFill<Writer.Input>]
    /// Up to where each partition has taken everything.
    private(set) var positions: [GlobalPosition]
    /// Whether the sample has seen what the build has: not what an earlier process wrote.
    private(set) var isSampleWhole: Bool
    private let tell: @Sendable (GlobalPosition, Int) -> Void
    private var lastFlush = ContinuousClock.now
    /// How many more pages are flushed one by one: after a process that died without moving, so that the next one finds
    /// out at which page this one dies, too. As many as there may be between two flushes.
    private var carefulPages: Int
    private var pace: Pace

    /// - Parameter tell: told of a position up to which all is taken, and of how many more events were read.
    init(
        _ writer: Writer, _ surroundings: ProjectionSurroundings, _ target: BuildTarget, _ leases: [PartitionLease],
        _ options: RebuildOptions, tell: @escaping @Sendable (GlobalPosition, Int) -> Void
    ) {
        (self.writer, self.surroundings, self.options, self.tell) = (writer, surroundings, options, tell)
        let sampleSize = max(16, 256 / max(1, leases.count))
        fills = leases.map { lease in
            writer.fill(
                FillPlace(surroundings: surroundings, target: target, lease: lease, sampleSize: sampleSize))
        }
        positions = leases.map(\.position)
        isSampleWhole = positions.allSatisfy { $0 == .start }
        carefulPages = leases.contains(where: \.isSuspect) ? 200 : 0
        pace = Pace(eventsPerSecond: options.throttle)
    }

    var position: GlobalPosition { positions.min() ?? .start }

    /// Brings all partitions to a position that the log has, and commits.
    mutating func run(upTo end: GlobalPosition) async throws { try await run(upTo: positions.map { _ in end }) }

    /// Brings each partition to its position.
    mutating func run(upTo ends: [GlobalPosition]) async throws {
        let start = zip(positions, ends).filter { $0 < $1 }.map(\.0).min()
        guard let start, let end = ends.max() else { return }
        var pages = PageFeed(writer, surroundings.store, after: start, upTo: end, size: pace.pageSize)
        while let page = try await pages.next() {
            try Task.checkCancellation()
            let before = position
            try await handOut(page, upTo: ends)
            if try await memory > options.memory {
                try await flush(forgetting: true)
            } else if carefulPages > 0 || .now - lastFlush > .seconds(10) {
                try await flush(forgetting: false)
            }
            carefulPages = max(0, carefulPages - 1)
            tell(position, Int(max(0, position.rawValue - before.rawValue)))
            try await pace.took(page.count)
        }
        try await flush(forgetting: false)
    }

    private mutating func handOut(_ page: PageFeed<Writer>.Page, upTo ends: [GlobalPosition]) async throws {
        let stretches = zip(positions, ends).map { position, end in (after: position, through: min(page.through, end)) }
        let parts = divide(page.events, stretches)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (partition, stretch) in stretches.enumerated() where stretch.through > stretch.after {
                guard let end = page.event(at: stretch.through) else { continue }
                let (fill, events) = (fills[partition], parts[partition])
                group.addTask { try await fill.take(events, upTo: end) }
            }
            try await group.waitForAll()
        }
        for (partition, stretch) in stretches.enumerated() {
            positions[partition] = max(positions[partition], stretch.through)
        }
    }

    /// Each partition's events, of its stretch of the log.
    private func divide(
        _ events: [RoutedEvent<Writer.Input>], _ stretches: [(after: GlobalPosition, through: GlobalPosition)]
    ) -> [[RoutedEvent<Writer.Input>]] {
        var parts = stretches.map { _ in [RoutedEvent<Writer.Input>]() }
        for event in events {
            let partition = event.key.partition(of: parts.count)
            let stretch = stretches[partition]
            if event.position > stretch.after, event.position <= stretch.through { parts[partition].append(event) }
        }
        return parts
    }

    private var memory: Int {
        get async throws {
            var sum = 0
            for fill in fills { sum += await fill.memory }
            return sum
        }
    }

    private mutating func flush(forgetting: Bool) async throws {
        // One after the other: each is one COPY, which keeps the server busy by itself.
        for fill in fills {
            try await fill.flush(forgetting: forgetting)
            try await options.atStep(.flushed)
        }
        lastFlush = .now
    }

    /// Compares the rows of some keys with what comes out when they are folded apart; nil where that cannot be done.
    mutating func checkSample() async throws -> SampleVerdict? {
        if !isSampleWhole { try await recall() }
        isSampleWhole = true
        var verdict: SampleVerdict?
        for fill in fills {
            guard let found = try await fill.checkSample() else { return nil }
            verdict = (verdict ?? SampleVerdict()) + found
        }
        // That nothing was compared is not that all was well.
        if let verdict, verdict.keys == 0, verdict.hasLeftOut { return nil }
        return verdict
    }

    /// Folds the sample anew, from the log's start.
    private func recall() async throws {
        guard writer.isSampled, let end = positions.max() else { return }
        for fill in fills { try await fill.restartSample() }
        var pages = PageFeed(writer, surroundings.store, after: .start, upTo: end, size: pace.pageSize)
        while let page = try await pages.next() {
            try Task.checkCancellation()
            let parts = divide(page.events, positions.map { (.start, $0) })
            for (fill, events) in zip(fills, parts) { await fill.recall(events) }
        }
    }
}

/// Holds reading back to so many events a second.
private struct Pace {
    let eventsPerSecond: Int?
    private var due = ContinuousClock.now

    init(eventsPerSecond: Int?) { self.eventsPerSecond = eventsPerSecond }

    /// A quarter of a second's worth.
    var pageSize: Int { eventsPerSecond.map { min(5000, max(1, $0 / 4)) } ?? 5000 }

    mutating func took(_ events: Int) async throws {
        guard let eventsPerSecond else { return }
        // What was not used while the database was slow is not made up for.
        due = max(due, .now - .seconds(1)) + .seconds(Double(events) / Double(eventsPerSecond))
        if due > .now { try await Task.sleep(until: due, clock: .continuous) }
    }
}
