import MartletStreamingLog

extension Record {
    /// What failed as it was, with why. Whose it was is told in other headers, since this one is another producer's: it may
    /// come twice to whoever reads several consumers' dead letters. Between its numbers nothing need be missing.
    init(dead letter: Letter, number: Int64, of consumer: String) {
        let original = letter.message.record
        var headers = original.headers.filter { !RelayHeaders.all.contains($0.name) }
        if let producer = original.header(RelayHeaders.producer) {
            headers.append(Header("dead-letter-producer", producer))
        }
        if let sequence = original.header(RelayHeaders.sequence) {
            headers.append(Header("dead-letter-sequence", sequence))
        }
        headers += [
            Header(RelayHeaders.producer, ProducerID(deadLettersOf: consumer).description),
            Header(RelayHeaders.sequence, String(number)),
            Header(RelayHeaders.after, "-1"),
            Header("dead-letter-consumer", consumer),
            Header("dead-letter-error", letter.problem ?? "another message of its key has failed before it"),
            Header("dead-letter-attempts", String(letter.attempts)),
            Header("dead-letter-topic", original.partition.topic.description),
            Header("dead-letter-partition", String(original.partition.number)),
            Header("dead-letter-offset", original.offset.description),
        ]
        self.init(
            key: original.key, value: original.value, headers: headers, messageID: original.messageID,
            timestamp: original.timestamp, partition: original.key == nil ? 0 : nil, sequence: number)
    }
}

extension ProducerID {
    init(deadLettersOf consumer: String) { self.init("\(consumer)/dead") }
}

extension StreamingLogError {
    /// Whether the record is to blame, so that another one may be taken.
    var isOfTheRecord: Bool {
        switch self {
        case .recordTooLarge, .invalid: true
        default: false
        }
    }
}
