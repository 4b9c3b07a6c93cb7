import FoundationEssentials
import MartletStreamingLog

/// A topic's partitions, and the segments in which their records come and go, as plain data.
struct InMemoryTopic {
    private(set) var topic: Topic
    private(set) var partitions: [InMemoryPartition]
    /// The oldest first; the last one takes what is appended.
    private var segments: [Segment]
    /// How many segments were closed at the last compaction.
    private var compacted = 0
    private var closed = 0

    private struct Segment {
        /// Of the partitions that there were when it began, or that came while it was open.
        var starts: [Offset]
        let openedAt: Date
        /// When it was first compacted; by then, what its tombstones stand over had gone.
        var compactedAt: Date?
    }

    init(_ topic: Topic, at now: Date) {
        self.topic = topic
        partitions = Array(repeating: InMemoryPartition(), count: topic.partitions)
        segments = [Segment(starts: Array(repeating: 0, count: topic.partitions), openedAt: now)]
    }

    var description: TopicDescription {
        TopicDescription(
            topic: topic,
            partitions: partitions.map { TopicDescription.Extent(beginning: $0.beginning, end: $0.end) })
    }

    mutating func setPartitions(_ count: Int) throws(StreamingLogError) {
        guard count >= topic.partitions else {
            throw .invalid("topic \"\(topic.name)\": expected \(topic.partitions) partitions or more, found \(count)")
        }
        let more = count - topic.partitions
        topic.partitions = count
        partitions += Array(repeating: InMemoryPartition(), count: more)
        segments[segments.count - 1].starts += Array(repeating: 0, count: more)
    }

    mutating func setRetention(_ retention: Topic.Retention) { topic.retention = retention }

    /// The clock may be set back; a partition's time is not.
    mutating func append(
        _ batches: [RecordBatch], at now: Date, where isFenced: (RecordBatch) -> Bool
    ) -> [BatchVerdict] {
        let moment = batches.reduce(max(now, segments[segments.count - 1].openedAt)) { moment, batch in
            partitions.indices.contains(batch.partition)
                ? max(moment, partitions[batch.partition].lastAppendedAt) : moment
        }
        return batches.map { batch in
            guard partitions.indices.contains(batch.partition) else { return .unknownPartition }
            guard !isFenced(batch) else { return .fenced }
            return partitions[batch.partition].append(
                batch, to: TopicPartition(topic.name, batch.partition), at: moment)
        }
    }

    // MARK: upkeep

    /// - Parameter committed: of each protecting group, what it has committed in each partition.
    mutating func maintain(at now: Date, committed: [[Offset?]], where isNameless: (ProducerID) -> Bool) {
        roll(at: now)
        while isOldestDue(at: now), !isOldestProtected(by: committed) { dropOldest() }
        if topic.isCompacted, compacted < closed {
            compact(at: now)
        }
        for index in partitions.indices {
            partitions[index].forgetProducers(before: now.addingTimeInterval(-7 * 86_400), where: isNameless)
        }
    }

    private mutating func compact(at now: Date) {
        compacted = closed
        let seen = segments.firstIndex { $0.compactedAt.map { $0 >= now - .seconds(86_400) } ?? true }
        let last = segments.count - 1
        for (index, start) in segments[last].starts.enumerated() {
            let starts = segments[seen ?? last].starts
            partitions[index].compact(until: start, tombstonesUntil: index < starts.count ? starts[index] : 0)
        }
        for index in 0..<last where segments[index].compactedAt == nil { segments[index].compactedAt = now }
    }

    private mutating func roll(at now: Date) {
        let held = records(of: segments.count - 1)
        guard let first = held.map(\.appendedAt).min(), let last = held.map(\.appendedAt).max() else { return }
        let isOld = first <= now - topic.segments.time
        guard isOld || held.reduce(0, { $0 + Int64($1.byteCount) }) > topic.segments.bytes else { return }
        segments.append(Segment(starts: partitions.map(\.end), openedAt: max(now, last)))
        closed += 1
    }

    private func isOldestDue(at now: Date) -> Bool {
        guard segments.count > 1 else { return false }
        if let time = topic.retention.time {
            let youngest = records(of: 0).map(\.appendedAt).max() ?? segments[1].openedAt
            if youngest < now - time { return true }
        }
        guard let bytes = topic.retention.bytes else { return false }
        let rest = segments.indices.dropFirst().flatMap { records(of: $0) }
        return rest.reduce(0) { $0 + Int64($1.byteCount) } >= bytes
    }

    /// Whether it holds anything that a group has not read.
    private func isOldestProtected(by committed: [[Offset?]]) -> Bool {
        segments[0].starts.indices.contains { index in
            let next = segments[1].starts[index]
            return segments[0].starts[index] < next && committed.contains { ($0[index] ?? 0) < next }
        }
    }

    private mutating func dropOldest() {
        segments.removeFirst()
        for (index, start) in segments[0].starts.enumerated() { partitions[index].drop(until: start) }
    }

    private func records(of segment: Int) -> [StoredRecord] {
        segments[segment].starts.enumerated().flatMap { index, start in
            let next = segment + 1 < segments.count ? segments[segment + 1].starts[index] : partitions[index].end
            return partitions[index].records(from: start, until: next)
        }
    }
}

extension Date {
    fileprivate static func - (date: Date, age: Duration) -> Date { date.addingTimeInterval(-(age / .seconds(1))) }
}
