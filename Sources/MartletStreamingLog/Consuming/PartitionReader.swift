import MartletPostgres

/// Reads a partition page by page, one page ahead at most.
actor PartitionReader: AssignedPartition {
    nonisolated let partition: TopicPartition
    nonisolated let epoch: Int64
    nonisolated let start: Offset
    nonisolated let isSought: Bool
    private let group: GroupName
    private let options: ConsumeOptions
    private let storage: any GroupStorage
    private let followed: PartitionSignals.Followed
    /// What comes next; of `pending`, when there is any, the first.
    private var position: Offset
    /// What is left of the last page.
    private var pending: ArraySlice<StoredRecord> = []
    private var ahead: Task<RecordPage?, Never>?
    /// The wake-ups that there had been before a look that found the end.
    private var generationAtEnd: UInt64?

    /// - Throws: ``StreamingLogError/revoked(_:)`` when another member has the partition already.
    init(
        of lease: GroupLease, for group: GroupName, _ options: ConsumeOptions, in storage: any GroupStorage
    ) async throws {
        (partition, epoch) = (lease.partition, lease.epoch)
        (self.group, self.options, self.storage) = (group, options, storage)
        // Before the look at where it stands, so that nothing that is appended from then on is missed.
        followed = await storage.signals.follow(lease.partition)
        let place = try await persisting { () async throws(StreamingLogError) in
            try await storage.start(of: lease, for: group, options.start)
        }
        (start, position, isSought) = (place.offset, place.offset, place.isSought)
    }

    func next(upTo limits: FetchLimits) async throws -> [StoredRecord] {
        while true {
            try Task.checkCancellation()
            if !pending.isEmpty { return take(limits) }
            let generation = await followed.signal.generation
            if generation == generationAtEnd {
                generationAtEnd = nil
                await followed.signal.wait(since: generation, atMost: EmbeddedLog.pollInterval)
                continue
            }
            let from = position
            let page: RecordPage
            do {
                page = try await self.page(from: from, upTo: limits)
            } catch StreamingLogError.offsetOutOfRange(let partition, let offset, let range) {
                guard from == position else { continue }
                switch options.start {
                case .beginning: position = range.lowerBound
                case .end: position = range.upperBound
                case .beginningOrFail: throw StreamingLogError.offsetOutOfRange(partition, offset, expected: range)
                }
                continue
            }
            // Another call, or a seek, may have gone on from there meanwhile.
            guard from == position else { continue }
            pending = page.records[...]
            generationAtEnd = page.isEnd || page.records.isEmpty ? generation : nil
        }
    }

    /// The page that was read ahead, or else one that is read now.
    private func page(from offset: Offset, upTo limits: FetchLimits) async throws -> RecordPage {
        if let ahead {
            self.ahead = nil
            let page = await withTaskCancellationHandler {
                await ahead.value
            } onCancel: {
                ahead.cancel()
            }
            // Of what it says of the end nobody knows how old that is.
            if let page, !page.records.isEmpty { return RecordPage(records: page.records, isEnd: false) }
        }
        return try await persisting { [storage, partition] () async throws(StreamingLogError) in
            try await storage.fetch(partition, from: offset, upTo: limits)
        }
    }

    private func take(_ limits: FetchLimits) -> [StoredRecord] {
        var bytes = 0
        let fitting = pending.prefix(limits.records).prefix { record in
            bytes += record.byteCount
            return bytes <= limits.bytes
        }
        let taken = fitting.isEmpty ? pending.prefix(1) : fitting
        pending = pending.dropFirst(taken.count)
        position = taken.last?.offset.next ?? position
        // A page that was far from full was the last one for now.
        if pending.isEmpty, taken.count == limits.records || bytes > limits.bytes / 2 { readAhead(limits) }
        return Array(taken)
    }

    /// What fails is read again when it is asked for, and fails then.
    private func readAhead(_ limits: FetchLimits) {
        let (storage, partition, position) = (storage, partition, position)
        ahead = Task {
            do throws(StreamingLogError) {
                return try await storage.fetch(partition, from: position, upTo: limits)
            } catch { return nil }
        }
    }

    nonisolated func commit(_ offset: Offset) async throws(StreamingLogError) {
        guard offset.rawValue >= 0 else { throw .invalid("\(partition): expected an offset from 0, found \(offset)") }
        let backoff = Backoff(base: .milliseconds(50), limit: .seconds(1))
        var failures = 0
        while true {
            // In a task of its own: who is cancelled may still commit what is done.
            let failure = await Task { () -> StreamingLogError? in
                do throws(StreamingLogError) {
                    try await storage.commit(offset, in: partition, by: group, epoch: epoch)
                    return nil
                } catch { return error }
            }.value
            guard let failure else { return }
            guard failure.isPassing, !Task.isCancelled else { throw failure }
            failures += 1
            // When it is cancelled meanwhile, there is one more try.
            do { try await Task.sleep(for: backoff.delay(after: failures)) } catch {}
        }
    }

    func seek(to place: SeekPlace) async throws(StreamingLogError) {
        let offset = try await storage.offset(of: place, in: partition)
        ahead?.cancel()
        (position, pending, ahead, generationAtEnd) = (offset, [], nil, nil)
    }

    /// Stops reading ahead.
    func close() {
        ahead?.cancel()
        ahead = nil
    }
}
