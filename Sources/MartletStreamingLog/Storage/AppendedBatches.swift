import MartletPostgres

/// Batches laid out as the append function takes them: side by side, with numbers from 1 in place of nesting.
struct AppendedBatches {
    private let topic: TopicName
    private var producers: [String] = []
    private var epochs: [Int64] = []
    private var partitions: [Int32] = []
    private var afters: [Int64] = []
    private var places: [String?] = []
    private var firsts: [Int32] = []
    private var lasts: [Int32] = []
    private var batchOf: [Int32] = []
    private var sequences: [Int64] = []
    private var timestamps = ArrayBuilder(of: .timestamptz)
    private var messageIDs = ArrayBuilder(of: .text)
    private var keys = ArrayBuilder(of: .bytea)
    private var values = ArrayBuilder(of: .bytea)
    private var headers = ArrayBuilder(of: .bytea)

    init(_ batches: [RecordBatch], to topic: TopicName, places known: LastSeen<SequenceKey, String>)
        throws(PostgresError)
    {
        self.topic = topic
        for batch in batches {
            producers.append(batch.producer.description)
            epochs.append(batch.epoch)
            partitions.append(Int32(batch.partition))
            afters.append(batch.after)
            places.append(known[batch.key(in: topic)])
            firsts.append(Int32(sequences.count + 1))
            for record in batch.records { try add(record, of: producers.count) }
            lasts.append(Int32(sequences.count))
        }
    }

    private mutating func add(_ sequenced: SequencedRecord, of batch: Int) throws(PostgresError) {
        let record = sequenced.record
        batchOf.append(Int32(batch))
        sequences.append(sequenced.sequence)
        try timestamps.append(record.timestamp)
        try messageIDs.append(record.messageID)
        try keys.append(record.key.map { Bytea($0) })
        try values.append(record.value.map { Bytea($0) })
        try headers.append(record.headers.isEmpty ? nil : Bytea(record.headers.encoded))
    }

    func call(on segment: TopicSegment, in schema: SQLIdentifier) -> SQL {
        "SELECT \(Self.answer) FROM \(appending(on: segment, in: schema)) a"
    }

    /// The same as part of a transaction that fails unless all is appended, and new.
    func publishingCall(on segment: TopicSegment, in schema: SQLIdentifier) -> SQL {
        """
        SELECT \(Self.answer) FROM \(appending(on: segment, in: schema)) a
        WHERE \(schema).require_published(\(topic.description), \(producers), \(partitions), \(afters), \(firsts), \
        \(lasts), a.verdicts, a.counts, a.last_sequences)
        """
    }

    private static let answer: SQL = "a.verdicts, a.ends, a.counts, a.last_sequences, a.places_now::text[]"

    private func appending(on segment: TopicSegment, in schema: SQLIdentifier) -> SQL {
        """
        \(schema).\(segment.append)(
        \(segment.topic), \(segment.number), \(topic.description), \(producers), \(epochs), \(partitions), \(afters), \
        \(places)::text[]::tid[], \(firsts), \(lasts), \(batchOf), \(sequences), \(timestamps), \(messageIDs), \
        \(keys), \(values), \(headers))
        """
    }
}
