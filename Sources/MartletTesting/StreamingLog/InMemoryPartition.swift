import FoundationEssentials
import MartletStreamingLog

/// A topic's partition, as plain data.
struct InMemoryPartition {
    /// By offset; where a topic is compacted, some are missing.
    private(set) var records: [StoredRecord] = []
    private(set) var beginning: Offset = 0
    private(set) var end: Offset = 0
    private(set) var lastAppendedAt = Date.distantPast
    private var producers: [ProducerID: Known] = [:]

    private struct Known {
        let lastSequence: Int64
        let appendedAt: Date
    }

    func lastSequence(of producer: ProducerID) -> Int64 { producers[producer]?.lastSequence ?? -1 }

    /// Appends what is new of a batch that is not fenced.
    mutating func append(_ batch: RecordBatch, to place: TopicPartition, at moment: Date) -> BatchVerdict {
        let last = lastSequence(of: batch.producer)
        guard last >= batch.after else { return .missing(last: last) }
        let new = batch.records.drop { $0.sequence <= last }
        guard let newest = new.last else { return .appended(end: end, new: 0) }
        for sequenced in new {
            records.append(StoredRecord(sequenced.record, at: end, in: place, appendedAt: moment))
            end = end.next
        }
        lastAppendedAt = moment
        producers[batch.producer] = Known(lastSequence: newest.sequence, appendedAt: moment)
        return .appended(end: end, new: new.count)
    }

    /// The first is there however large it is.
    func records(from offset: Offset, upTo limits: FetchLimits) -> [StoredRecord] {
        var bytes = 0
        return records[index(of: offset)...].prefix(limits.records).enumerated()
            .prefix { number, record in
                bytes += record.byteCount
                return number == 0 || bytes <= limits.bytes
            }
            .map(\.element)
    }

    func offset(at time: Date) -> Offset? { records.first { $0.appendedAt >= time }?.offset }

    /// The records of a segment, from where it begins to where the next one does.
    func records(from first: Offset, until next: Offset) -> ArraySlice<StoredRecord> {
        records[index(of: first)..<index(of: next)]
    }

    /// Lets go what is before an offset.
    mutating func drop(until offset: Offset) {
        records.removeFirst(index(of: offset))
        beginning = max(beginning, offset)
    }

    /// Keeps, of the records before an offset, of each key the last, unless it is a tombstone before another.
    mutating func compact(until closed: Offset, tombstonesUntil seen: Offset) {
        var last: [[UInt8]: Offset] = [:]
        for record in records(from: beginning, until: closed) { last[record.key ?? []] = record.offset }
        records = records.filter { record in
            guard record.offset < closed, let key = record.key else { return true }
            let isForgotten = record.value == nil && record.offset < seen && record.offset.next < end
            return last[key] == record.offset && !isForgotten
        }
    }

    mutating func forgetProducers(before moment: Date, where isNameless: (ProducerID) -> Bool) {
        producers = producers.filter { $0.value.appendedAt >= moment || !isNameless($0.key) }
    }

    /// Of the first record at this offset or later.
    private func index(of offset: Offset) -> Int {
        var (low, high) = (0, records.count)
        while low < high {
            let middle = (low + high) / 2
            if records[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension StoredRecord {
    fileprivate init(_ record: Record, at offset: Offset, in partition: TopicPartition, appendedAt: Date) {
        self.init(
            partition: partition, offset: offset, key: record.key, value: record.value, headers: record.headers,
            messageID: record.messageID, timestamp: record.timestamp?.inMicroseconds ?? appendedAt,
            appendedAt: appendedAt)
    }
}
