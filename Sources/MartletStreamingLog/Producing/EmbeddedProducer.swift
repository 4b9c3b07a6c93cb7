import FoundationEssentials

/// A producer of an ``EmbeddedLog``; shares its calls with the others of the process.
struct EmbeddedProducer: LogProducer {
    let log: EmbeddedLog
    let id: ProducerID
    let epoch: Int64
    let largestRecord: Int

    @discardableResult
    func send(_ records: [Record], to topic: TopicName) async throws(StreamingLogError) -> [RecordPlace] {
        for record in records { try record.check(limit: largestRecord) }
        let known = try await declaration(of: topic, for: records)
        if known.isCompacted { for record in records { try record.requireKey(in: topic) } }
        let parts = try parted(records, among: known.partitions, of: topic)
        let answers = await log.appender.append(
            parts.map { part in
                (Lane.ID(producer: id, epoch: epoch, partition: part.partition), part.indices.map { records[$0] })
            })
        var places: [RecordPlace?] = Array(repeating: nil, count: records.count)
        for (part, answer) in zip(parts, answers) {
            do throws(StreamingLogError) {
                for (index, offset) in zip(part.indices, try answer.get()) {
                    places[index] = RecordPlace(partition: part.partition, offset: offset)
                }
            } catch {
                log.metadata.forget(topic)
                guard case .unknownPartition(let partition, _) = error else { throw error }
                // The topic was deleted and made again with fewer.
                throw .unknownPartition(partition, of: try await log.metadata.topic(topic).partitions)
            }
        }
        return places.compactMap(\.self)
    }

    /// The topic as last heard of, or as it is now, should a record name a partition that it did not have then.
    private func declaration(of topic: TopicName, for records: [Record]) async throws(StreamingLogError) -> Topic {
        let known = try await log.metadata.topic(topic)
        guard records.contains(where: { $0.partition ?? 0 >= known.partitions }) else { return known }
        log.metadata.forget(topic)
        return try await log.metadata.topic(topic)
    }

    func lastSequences(in topic: TopicName) async throws(StreamingLogError) -> [Int64] {
        try await log.storage.lastSequences(of: id, in: topic)
    }

    private struct Part {
        let partition: TopicPartition
        var indices: [Int] = []
    }

    /// Which records go to which partition. Those without a key go together, anywhere.
    private func parted(
        _ records: [Record], among count: Int, of topic: TopicName
    ) throws(StreamingLogError) -> [Part] {
        var parts: [Int: Part] = [:]
        var anywhere: Int?
        for (index, record) in records.enumerated() {
            let number: Int
            if let named = record.partition {
                number = named
            } else if let key = record.key {
                number = Partitioner.partition(of: key, among: count)
            } else {
                number = anywhere ?? Int.random(in: 0..<count)
                anywhere = number
            }
            let partition = TopicPartition(topic, number)
            guard (0..<count).contains(number) else { throw .unknownPartition(partition, of: count) }
            parts[number, default: Part(partition: partition)].indices.append(index)
        }
        return parts.values.sorted { $0.partition < $1.partition }
    }
}

extension EmbeddedLog {
    public func producer(_ id: ProducerID?, epoch: Int64?) async throws(StreamingLogError) -> any LogProducer {
        guard let id else {
            return EmbeddedProducer(log: self, id: ownProducer, epoch: 0, largestRecord: largestRecord)
        }
        if let flaw = id.description.flawOfName { throw .invalid("a producer: \(flaw)") }
        guard epoch.map({ $0 > 0 }) ?? true else {
            throw .invalid("producer \"\(id)\": expected an epoch from 1, found \(epoch ?? 0)")
        }
        let granted = try await storage.register(id, epoch: epoch)
        return EmbeddedProducer(log: self, id: id, epoch: granted, largestRecord: largestRecord)
    }
}

extension Record {
    /// PostgreSQL knows somewhat more; neither includes what is not a number.
    private static let times = -188_000_000_000.0...253_402_300_799.0

    /// - Throws: ``StreamingLogError/recordTooLarge(bytes:limit:)``, ``StreamingLogError/invalid(_:)``.
    func check(limit: Int) throws(StreamingLogError) {
        guard byteCount <= limit else { throw .recordTooLarge(bytes: byteCount, limit: limit) }
        guard messageID.map({ !$0.utf8.contains(0) }) ?? true else {
            throw .invalid("a record: expected a message id without NUL")
        }
        // One that cannot be stored would fail the others' records that go in the same call.
        guard timestamp.map({ Self.times.contains($0.timeIntervalSince1970) }) ?? true else {
            throw .invalid("a record: expected a timestamp of the years -4000 to 9999, found one beyond them")
        }
    }

    /// Of a compacted topic, in which what has none would stay for ever.
    /// - Throws: ``StreamingLogError/invalid(_:)``.
    func requireKey(in topic: TopicName) throws(StreamingLogError) {
        guard key != nil else {
            throw .invalid("topic \"\(topic)\": expected a key in each record, since it is compacted, found none")
        }
    }
}
