/// What one producer sends to one partition: a line in which one batch at a time is under way, so that its sequences come
/// to stand in their order.
struct Lane: Sendable {
    struct ID: Hashable, Sendable {
        let producer: ProducerID
        let epoch: Int64
        let partition: TopicPartition
    }

    /// Records of one `send`.
    struct Part: Sendable {
        let records: [Record]
        let bytes: Int
        let delivery: Delivery
        /// Which of the delivery's parts it is.
        let number: Int
        let since: ContinuousClock.Instant

        init(_ records: [Record], of delivery: Delivery, number: Int, since: ContinuousClock.Instant = .now) {
            (self.records, self.delivery, self.number, self.since) = (records, delivery, number, since)
            bytes = records.reduce(0) { $0 + $1.byteCount }
        }

        func answer(_ answer: Delivery.Answer) { delivery.answer(answer, to: number) }
    }

    /// What is known of its sequences.
    struct Sequences: Sendable {
        /// The last that is in the log for certain; nil has to be asked for.
        var last: Int64?
        /// The highest that a record was ever sent under. A statement that was given up may still reach the log, so what
        /// has none of its own gets one above: else the log would take it for that statement's.
        var highest: Int64 = -1
    }

    var waiting: [Part] = []
    var isUnderWay = false
    var sequences = Sequences()

    /// Whether the log can be asked for all that is known of it: nothing of it can reach the log any more.
    var isForgettable: Bool { !isUnderWay && waiting.isEmpty && sequences.highest <= sequences.last ?? -1 }
}

/// What of a lane goes in one call.
struct LaneBatch: Sendable {
    let lane: Lane.ID
    var parts: [Lane.Part]
    /// As they are before the batch, and with `highest` also after it.
    var sequences: Lane.Sequences
    private(set) var records: [SequencedRecord] = []

    init(lane: Lane.ID, parts: [Lane.Part], sequences: Lane.Sequences) {
        (self.lane, self.parts, self.sequences) = (lane, parts, sequences)
    }

    /// What it comes after.
    var after: Int64 { sequences.last ?? -1 }

    /// As they are once the log has the batch. What is sent again may all come before the last.
    var sequencesOnceAppended: Lane.Sequences {
        var sequences = sequences
        if let record = records.last { sequences.last = max(record.sequence, after) }
        return sequences
    }

    /// Gives each record its sequence; a part whose own do not rise is answered with an error and left out.
    mutating func number() {
        records = []
        var last = max(after, sequences.highest)
        // What was sent by an earlier life of the producer has its sequences, at or below the last one.
        var lastOwn = Int64.min
        parts = parts.filter { part in
            var numbered: [SequencedRecord] = []
            var (next, own) = (last, lastOwn)
            for record in part.records {
                guard record.sequence != nil || next < .max else {
                    return part.refused("expected a sequence below \(Int64.max)")
                }
                let sequence = record.sequence ?? next + 1
                guard sequence >= 0, sequence > own else {
                    return part.refused("expected a sequence above \(max(own, -1)), found \(sequence)")
                }
                (own, next) = (sequence, max(next, sequence))
                numbered.append(SequencedRecord(sequence: sequence, record: record))
            }
            (last, lastOwn) = (next, own)
            records += numbered
            return true
        }
        sequences.highest = max(sequences.highest, last)
    }

    /// Tells each part how it ended.
    func answer(_ verdict: BatchVerdict) {
        let (producer, partition) = (lane.producer, lane.partition)
        switch verdict {
        case .appended(let end, let new):
            var offset = end.rawValue - Int64(records.count)
            let first = end.rawValue - Int64(new)
            for part in parts {
                part.answer(
                    .success(
                        part.records.indices.map { index in
                            let own = offset + Int64(index)
                            return own < first ? nil : Offset(rawValue: own)
                        }))
                offset += Int64(part.records.count)
            }
        case .fenced: fail(.fenced(producer, epoch: lane.epoch))
        case .missing(let last): fail(.missingSequences(producer, partition, expected: after, found: last))
        case .unknownPartition: fail(.unknownPartition(partition, of: partition.number))
        }
    }

    func fail(_ error: StreamingLogError) { for part in parts { part.answer(.failure(error)) } }
}

extension Lane.Part {
    fileprivate func refused(_ problem: String) -> Bool {
        answer(.failure(.invalid(problem)))
        return false
    }
}

/// What goes to the log together.
struct LogCall: Sendable {
    let number: Int
    let batches: [LaneBatch]
    let since = ContinuousClock.now
    /// Whether its callers have been told that nobody knows how it ends.
    var isGivenUp = false

    init(number: Int, batches: [LaneBatch]) { (self.number, self.batches) = (number, batches) }
}

extension [LaneBatch] {
    /// Numbers anew what comes from producers without a name that the log has forgotten: their topic was deleted and made
    /// again, or they were silent for too long. With nobody to follow them, nothing of theirs can come a second time.
    /// - Returns: which ones these are.
    mutating func beginAnew(after verdicts: [(Int, BatchVerdict)]) -> [Int] {
        var begun: [Int] = []
        for case (let index, .missing(let last)) in verdicts where self[index].lane.epoch == 0 {
            self[index].sequences.last = last
            self[index].number()
            begun.append(index)
        }
        return begun
    }
}
