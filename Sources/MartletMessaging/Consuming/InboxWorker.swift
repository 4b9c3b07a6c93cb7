import MartletPostgres
import MartletProjections
import MartletStreamingLog

/// Takes the messages of one partition for as long as this process has it: in one transaction the turn, the marks and the
/// effects; then the log is told.
struct InboxWorker: Sendable {
    let surroundings: ConsumerSurroundings
    let assigned: any AssignedPartition
    let feed: PageFeed
    let backoff = Backoff(base: .milliseconds(50), limit: .seconds(5))

    /// Nil before it has begun.
    var inbox: Inbox?
    /// Nil while it is not known how the inbox stands: at first, and after anything that may have changed it.
    var standing: Inbox.Standing?
    /// When that was asked.
    var askedForStanding = ContinuousClock.now
    var ledger = Inbox.Ledger(turn: 0)
    /// Up to where the inbox was when this member last heard of it.
    var reached: Offset?
    var parked: [[UInt8]: Letter.State] = [:]
    var nextTry: ContinuousClock.Instant?
    /// Whether a page goes before the next letter.
    var isPagesTurn = false

    /// What has come and is not done with.
    var pending: ArraySlice<Arrival> = []
    /// Where the last page was to begin, and which of its offsets are done with.
    var pageStart: Offset
    var done: Set<Offset> = []
    /// What comes after the last page.
    var end: Offset
    /// Up to where the log was told.
    var acknowledged: Offset
    var lastAcknowledged = ContinuousClock.now
    /// The gaps before what is pending.
    var gaps = Gaps()
    /// The hole before which it stands, and how often it has found it there.
    var hole: (Sifting.Hole, times: Int)?
    /// All holes of the page that it has read again.
    var knownHoles: Set<Sifting.Hole> = []

    var batch = BatchSize()
    var failures = 0
    /// How often in a row somebody was in the way of the one message that is tried.
    var heldUp = 0
    /// How many messages it tries to handle.
    var inHand = 0
    /// The message whose try is counted and was given up for a reason that was not its own.
    var countedTry: Offset?
    /// The letter whose try is counted and has not ended.
    var countedLetter: Int64?

    init(_ surroundings: ConsumerSurroundings, _ assigned: any AssignedPartition) {
        (self.surroundings, self.assigned) = (surroundings, assigned)
        feed = PageFeed(assigned, limits: surroundings.declaration.policy.page)
        (pageStart, end, acknowledged) = (assigned.start, assigned.start, assigned.start)
        batch.largest = surroundings.declaration.policy.page.records
    }

    /// Runs until the partition is to go to another member.
    /// - Throws: `CancellationError`, and an error when the inbox's tables are missing.
    static func run(_ surroundings: ConsumerSurroundings, _ assigned: any AssignedPartition) async throws {
        var worker = InboxWorker(surroundings, assigned)
        let feed = worker.feed
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await feed.serve() }
            defer { group.cancelAll() }
            do {
                try await worker.work()
            } catch let error where !(error is ConsumerSteps.Crash) {
                await worker.leave()
                throw error
            }
        }
    }

    /// The log has given the partition to somebody else.
    struct Revoked: Error {}

    private mutating func work() async throws {
        while true {
            try Task.checkCancellation()
            do {
                do {
                    try await step()
                } catch let error where !error.endsTheWork(hasBegun: inbox != nil) {
                    try await recover(from: error)
                }
            } catch is Revoked {
                return
            }
        }
    }

    private mutating func step() async throws {
        guard let inbox else { return try await begin() }
        guard let standing else { return try await findStanding(of: inbox) }
        guard !standing.isPaused, standing.stopped == nil else {
            try await acknowledge(atOnce: true)
            try await Task.sleep(for: .milliseconds(500))
            self.standing = nil
            return
        }
        let isDue = nextTry.map { $0 <= .now } ?? false
        guard !pending.isEmpty || isDue else { return try await readOn() }
        switch surroundings.outages.admit() {
        case .wait(let time): try await Task.sleep(for: min(time, .seconds(1)))
        case .go(let pass):
            if isDue, !(isPagesTurn && !pending.isEmpty) {
                try await retry(inbox, pass)
            } else {
                try await takeBatch(inbox, pass)
            }
        }
    }

    private mutating func begin() async throws {
        let beginning = try await Inbox.begin(
            assigned.partition, of: surroundings.declaration.name, in: surroundings.schema, surroundings.pool)
        // The log was told of more than the database has, so that was set back, unless somebody has set the group there.
        if let known = beginning.nextOffset, known < assigned.start {
            if assigned.isSought { gaps.begin() } else { try await goBack(to: known) }
        } else if beginning.nextOffset == nil, !assigned.isSought {
            try await tellOfNothingTaken()
        }
        (inbox, reached) = (beginning.inbox, beginning.nextOffset)
        if beginning.isSuspect { batch.beCareful() }
    }

    /// Asks the database how the inbox stands.
    private mutating func findStanding(of inbox: Inbox) async throws {
        let found: Inbox.Standing
        do { found = try await inbox.standing() } catch InboxError.gone {
            try await read(from: assigned.start)
            (self.inbox, reached) = (nil, nil)
            return
        }
        if let reached, found.nextOffset ?? 0 < reached {
            if let known = found.nextOffset {
                try await goBack(to: known)
            } else {
                try await read(from: assigned.start)
            }
        }
        (standing, reached, askedForStanding) = (found, found.nextOffset, .now)
        (ledger, parked, nextTry) = (found.ledger, found.keys, found.nextTry)
        try await learnMarks(in: inbox)
    }

    /// Takes what is not certain any more for unknown.
    mutating func loseStanding() { standing = nil }

    /// Gives the partition up in good order, also when the task is cancelled. What cannot be told now makes whoever comes
    /// next look at some messages again, or go on more carefully.
    private func leave() async {
        let worker = self
        await Task {
            var worker = worker
            do {
                if let letter = worker.countedLetter { try await worker.inbox?.uncountTry(of: letter) }
                try await worker.inbox?.leave(after: worker.ledger)
            } catch {}
            // Last, since the log may be away for long.
            do { try await worker.acknowledge(atOnce: true) } catch {}
        }.value
    }

    /// Waits.
    func rest(for delay: Duration) async throws { try await Task.sleep(for: delay) }
}

extension Error {
    /// Whether there is nothing to recover from.
    fileprivate func endsTheWork(hasBegun: Bool) -> Bool {
        switch self {
        case is InboxWorker.Revoked, is ConsumerSteps.Crash: true
        case let error as PostgresError: error.isMissingSchema && !hasBegun
        default: false
        }
    }
}
