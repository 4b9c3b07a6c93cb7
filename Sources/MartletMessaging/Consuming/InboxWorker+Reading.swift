import MartletPostgres
import MartletStreamingLog

/// What comes from the log, and what the log is told.
extension InboxWorker {
    mutating func readOn() async throws {
        let due = [nextTry, next > acknowledged ? nextAcknowledgement : nil].compactMap(\.self).min()
        let patience = due.map { $0 - .now } ?? .seconds(1)
        isPagesTurn = false
        guard let page = try await feed.page(atMost: min(max(patience, .milliseconds(1)), .seconds(1))) else {
            // A database that was set back does not say so by itself.
            if .now - askedForStanding > .seconds(10) { loseStanding() }
            return try await acknowledge()
        }
        guard let last = page.map(\.offset).max() else { return }
        try surroundings.steps.reach(.received)
        pending = page.map { Arrival($0) }.tellingGaps(after: end).inProducersOrder()[...]
        (pageStart, done, end) = (end, [], last.next)
        if let inbox { try await learnMarks(in: inbox) }
    }

    /// Reads again what the inbox does not know of any more: its database was set back to an earlier state.
    mutating func goBack(to offset: Offset) async throws {
        // Who is to begin at the end would go there from what the log does not have any more.
        guard case .end = surroundings.declaration.policy.start else { return try await read(from: offset) }
        try await read(from: max(offset, try await beginning()))
    }

    /// An inbox that has taken nothing begins where the log says, which may be behind what an earlier one had taken.
    func tellOfNothingTaken() async throws {
        if case .end = surroundings.declaration.policy.start { return }
        guard assigned.start > 0, try await assigned.start > beginning() else { return }
        surroundings.tell(
            .passedHole,
            "\(assigned.partition): the inbox has taken nothing, and its group has come to \(assigned.start): what is before"
                + " that is left out, unless the group is set to the beginning")
    }

    private func beginning() async throws -> Offset {
        let partitions = try await surroundings.log.describe(assigned.partition.topic).partitions
        let number = assigned.partition.number
        return partitions.indices.contains(number) ? partitions[number].beginning : assigned.start
    }

    /// Forgets what is pending, and reads on from an offset.
    mutating func read(from offset: Offset) async throws {
        try await feed.seek(to: offset)
        (pending, done, pageStart, end, gaps) = ([], [], offset, offset, Gaps())
    }

    /// Asks for the marks of producers of which nothing is known.
    mutating func learnMarks(in inbox: Inbox) async throws {
        if ledger.marks.count > 10_000 { ledger.marks = [:] }
        let unknown = Set(pending.lazy.compactMap(\.producer)).filter { ledger.marks[$0] == nil }
        guard !unknown.isEmpty else { return }
        ledger.marks.merge(try await inbox.marks(of: unknown.map(\.text).sorted())) { _, new in new }
    }

    /// Where the log's reading would have to go on.
    var next: Offset { pending.lazy.map(\.offset).min() ?? end }

    /// Forgets the first ones that are pending; they are done with.
    mutating func drop(_ count: Int) async throws {
        for arrival in pending.prefix(count) {
            gaps.pass(arrival)
            done.insert(arrival.offset)
        }
        pending = pending.dropFirst(count)
        try await acknowledge()
    }

    /// The inbox knows better how far it is, and what the log hears is a commit of its own.
    private var nextAcknowledgement: ContinuousClock.Instant { lastAcknowledged + .milliseconds(250) }

    /// Tells the log up to where everything is done with; that it may not hear of it harms nothing.
    mutating func acknowledge(atOnce: Bool = false) async throws {
        let next = next
        guard next > acknowledged, atOnce || nextAcknowledgement <= .now else { return }
        lastAcknowledged = .now
        do throws(StreamingLogError) {
            try await assigned.commit(next)
            acknowledged = next
        } catch {
            if case .revoked = error { throw Revoked() }
            return
        }
        try surroundings.steps.reach(.acknowledged)
    }
}
