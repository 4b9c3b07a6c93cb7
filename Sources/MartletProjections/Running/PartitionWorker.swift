import MartletDomain
import MartletEventStore
import MartletPostgres

/// Moves one partition of a build along the log for as long as this process has it: take a batch, write its effects and
/// move the checkpoint in one transaction, wait.
struct PartitionWorker<Writer: ReadModelWriter> {
    typealias Event = RoutedEvent<Writer.Input>

    /// Why a worker ended.
    enum End: Sendable {
        /// It was asked to, or has reached where it was to stop.
        case done
        /// Another process has its partition.
        case fenced
        /// It met an event that it may not go past, or a log that is not the one it has followed.
        case stopped(reason: String)
    }

    let writer: Writer
    let surroundings: ProjectionSurroundings
    let target: BuildTarget
    let tenure: PartitionTenure
    let pages: LogPages<Writer>
    /// Where to stop; nil goes on for ever.
    private let end: GlobalPosition?
    let checkpoint: Checkpoint
    let deadLetters: DeadLetters
    let backoff = Backoff(base: .milliseconds(50), limit: .seconds(5))
    /// How long it waits for a notification before it looks by itself.
    private let pollInterval: Duration = .seconds(1)
    /// How long it may know more than its checkpoint says, where there was nothing to write.
    private let idleInterval: Duration = .milliseconds(250)

    /// Whether what follows is what the database says: not so at first, nor after anything that may have changed it.
    private var knowsPlace = false
    /// Where the checkpoint stands.
    private(set) var stored: GlobalPosition
    /// Up to where everything was looked at and nothing found since.
    private var seen: GlobalPosition
    /// The last event of each page that was read since: a page is of one moment of one server, and stands or falls with it.
    private var pageEnds: [StoredEvent] = []
    private var lastStored = ContinuousClock.now
    /// What the last pages have left: events, and up to where they go.
    private var pending: ArraySlice<Event> = []
    private var through: GlobalPosition
    /// Whether the log may go on beyond them.
    private var hasMore = false
    var batch = BatchSize()
    var failures = 0
    var attempts = 0
    /// The event whose try is counted and was given up for a reason that was not its own.
    var countedTry: GlobalPosition?
    var parked: (keys: Set<ExactText>, parkings: Int64)?

    init(
        _ writer: Writer, _ surroundings: ProjectionSurroundings, _ target: BuildTarget, _ tenure: PartitionTenure,
        _ pages: LogPages<Writer>, upTo end: GlobalPosition? = nil
    ) {
        (self.writer, self.surroundings, self.target, self.tenure) = (writer, surroundings, target, tenure)
        (self.pages, self.end) = (pages, end)
        let lease = tenure.lease
        checkpoint = Checkpoint(target: target, partition: lease.partition, epoch: lease.epoch)
        deadLetters = DeadLetters(target: target, partition: lease.partition)
        (stored, seen, through) = (lease.position, lease.position, lease.position)
        batch.largest = writer.declaration.largestBatch
        if lease.isSuspect { batch.beCareful() }
    }

    /// Runs until it is asked to end, or has to.
    /// - Throws: `CancellationError`; ``EventStoreError/hole(expected:found:)``, after which nothing can be relied on.
    mutating func run() async throws -> End {
        defer { leaves() }
        while true {
            try Task.checkCancellation()
            let generation = await surroundings.signal.generation
            do {
                if !knowsPlace, let end = try await findPlace() { return end }
                if let end = try await step(generation) { return end }
                try await tellWaiters()
                if pending.isEmpty, !hasMore { await waitForMore(generation) }
            } catch is Checkpoint.Fenced {
                await losePlace()
                try await rest(for: .milliseconds(50))
            } catch let error as EventStoreError where error.isHole {
                throw error
            } catch {
                if let end = try await recover(from: error) { return end }
            }
        }
    }

    /// Asks the database where the partition stands; what was read and not committed is forgotten.
    private mutating func findPlace() async throws -> End? {
        guard let standing = try await checkpoint.standing(in: surroundings.pool) else { return .fenced }
        if let flaw = standing.flaw { return .stopped(reason: flaw) }
        if standing.position != stored {
            attempts = 0
            // A commit of which nobody was told.
            await writer.committed(tenure.lease.partition)
        }
        (stored, seen, through) = (standing.position, standing.position, standing.position)
        (pending, pageEnds, hasMore, parked, knowsPlace) = ([], [], false, nil, true)
        stands(at: stored)
        return nil
    }

    /// Takes what is not certain any more for unknown.
    mutating func losePlace() async {
        knowsPlace = false
        await pages.forget()
        await writer.lostPlace(tenure.lease.partition)
    }

    /// Takes the next batch, or stores that there was none.
    private mutating func step(_ generation: UInt64) async throws -> End? {
        // A worker that was asked to end does not begin another batch.
        if pending.isEmpty, !tenure.isRevoked { try await readOn(generation) }
        guard pending.isEmpty || tenure.isRevoked else { return try await projectNext() }
        let isDone = tenure.isRevoked || end.map { seen >= $0 } ?? false
        let isDue = isDone || isAwaited(after: stored, upTo: seen) || .now - lastStored >= idleInterval
        if seen > stored, isDue { try await store() }
        return isDone ? .done : nil
    }

    private func waitForMore(_ generation: UInt64) async {
        await surroundings.signal.wait(since: generation, atMost: seen > stored ? idleInterval : pollInterval)
    }

    /// The next event to be projected.
    var next: Event? { pending.first }

    private mutating func readOn(_ generation: UInt64) async throws {
        let pages = try await pages.pages(after: seen, since: generation)
        let partition = tenure.lease.partition
        var events: [Event] = []
        for page in pages where events.count < batch.largest {
            (hasMore, through) = (page.isFull, page.through)
            if let last = page.last, last.position > pageEnds.last?.position ?? stored { pageEnds.append(last) }
            events += page.events.lazy.filter { $0.partition == partition }.map(\.event)
        }
        if let end, end < through {
            through = end
            events.removeAll { $0.position > end }
        }
        pending = events[...]
        guard pending.isEmpty else { return }
        seen = through
        if failures > 0 { tenure.moved(to: stored, events: 0) }
        failures = 0
    }

    /// Projects what the batch size allows of what is pending.
    private mutating func projectNext() async throws -> End? {
        let events = try await batch(of: pending.prefix(batch.size))
        let new = events.count == pending.count ? through : events.last?.position ?? through
        if batch.isCareful, let event = events.first, try await wasTriedTooOften(event) {
            return try await giveUp(event, because: "the process died each time it was projected")
        }
        let begun = ContinuousClock.now
        try await prepare(events)
        do {
            try await commit(events, upTo: new) { worker, events, transaction in
                try await worker.writer.write(events, by: worker.author, in: transaction)
            }
        } catch {
            throw afterPreparation(error)
        }
        batch.took(.now - begun, events: events.count)
        (failures, attempts) = (0, 0)
        return nil
    }

    /// Moves the checkpoint, and in the same transaction writes the effects of those events whose keys are not parked.
    private mutating func commit(
        _ events: [Event], upTo new: GlobalPosition,
        _ write: (Self, [Event], Transaction) async throws -> Void
    ) async throws {
        let (old, known) = (stored, parked)
        let worker = self
        var witnesses = pageEnds.filter { $0.position <= new }
        if let last = events.last?.stored, last.position > witnesses.last?.position ?? old { witnesses.append(last) }
        let found = try await surroundings.pool.transaction { transaction in
            let (keys, parkings) = try await worker.move(
                from: old, to: new, seen: witnesses, known: known, in: transaction)
            let waiting = keys.isEmpty ? [] : events.filter { keys.contains(ExactText($0.key)) }
            worker.deadLetters.enqueueWaiting(waiting, in: transaction)
            let free = waiting.isEmpty ? events : events.filter { !keys.contains(ExactText($0.key)) }
            if !free.isEmpty { try await write(worker, free, transaction) }
            return (keys: keys, parkings: parkings)
        }
        parked = found
        (stored, seen, lastStored) = (new, max(seen, new), .now)
        pending = pending.dropFirst(events.count)
        pageEnds.removeAll { $0.position <= new }
        tenure.moved(to: stored, events: events.count)
        stands(at: stored)
        await surroundings.progress.wake()
        await writer.committed(tenure.lease.partition)
    }

    /// Moves the checkpoint; where nothing has to be asked, with the first statement of the effects.
    private func move(
        from old: GlobalPosition, to new: GlobalPosition, seen: [StoredEvent],
        known: (keys: Set<ExactText>, parkings: Int64)?, in transaction: Transaction
    ) async throws -> (keys: Set<ExactText>, parkings: Int64) {
        if let known, failures == 0, writer.passesErrorsOn {
            checkpoint.enqueueMove(from: old, to: new, seen: seen, expecting: known.parkings, in: transaction)
            return known
        }
        let parkings = try await checkpoint.move(from: old, to: new, seen: seen, in: transaction)
        if let known, known.parkings == parkings { return known }
        return (keys: try await deadLetters.exactKeys(in: transaction), parkings: parkings)
    }

    /// Stores that there was nothing to write.
    private mutating func store() async throws { try await commit([], upTo: seen) { _, _, _ in } }

    /// Parks the event with its key and goes on behind it.
    mutating func park(_ event: Event, after attempts: Int, problem: String) async throws {
        try await commit([event], upTo: event.position) { worker, events, transaction in
            worker.deadLetters.enqueueParking(
                of: event, after: attempts, problem: problem, in: transaction)
            try await transaction.flush()
        }
        parked?.keys.insert(ExactText(event.key))
        surroundings.incidents.tell(
            ProjectionIncident(
                kind: .parked, of: writer.declaration.follower, projection: writer.declaration.name,
                problem: event.telling(problem)))
        (failures, self.attempts) = (0, 0)
    }
}

extension EventStoreError {
    var isHole: Bool {
        if case .hole = self { true } else { false }
    }
}
