import FoundationEssentials
import MartletPostgres
import MartletProjections
import MartletStreamingLog

/// Sends dead letters to their topic, each once: one process at a time, under an epoch that rises with each that takes
/// over; each letter has a number, given once, which is its sequence there.
struct DeadLetterSender: Sendable {
    let surroundings: ConsumerSurroundings
    let lease: Duration = .seconds(10)
    private let backoff = Backoff(base: .milliseconds(100), limit: .seconds(10))

    init(_ surroundings: ConsumerSurroundings) { self.surroundings = surroundings }

    var consumer: String { surroundings.declaration.name }
    var schema: SQLIdentifier { surroundings.schema }
    var pool: ConnectionPool { surroundings.pool }

    /// Sends until the task is cancelled, through any absence of the database or the log.
    func run() async throws {
        var failures = 0
        var failing = LastingFailure(patience: surroundings.patience)
        while true {
            try Task.checkCancellation()
            let generation = await surroundings.deaths.generation
            do {
                while try await sendSome() { failures = 0 }
                failing.hasPassed()
                await surroundings.deaths.wait(since: generation, atMost: .seconds(2))
            } catch let error as ConsumerSteps.Crash {
                throw error
            } catch {
                failures += 1
                if failing.isToBeTold() { surroundings.tell(.keptLetters, "\(error)") }
                try await Task.sleep(for: backoff.delay(after: failures))
            }
        }
    }

    /// Sends up to 100; false when there are none, or another process sends them.
    private func sendSome() async throws -> Bool {
        guard try await hasUnsent(), let epoch = try await claim() else { return false }
        // Under the log's next epoch: this one began anew if the inbox did.
        let producer = try await surroundings.log.producer(ProducerID(deadLettersOf: consumer), epoch: nil)
        let letters = try await numbered(under: epoch, after: try await lastNumber(of: producer))
        for (topic, own) in Dictionary(grouping: letters, by: \.letter.message.partition.topic) {
            let target = try ConsumerDeclaration.deadLetterTopic(of: topic, for: consumer)
            try await send(own, to: target, by: producer)
        }
        try surroundings.steps.reach(.sent)
        for letter in letters {
            try await pool.query(
                "UPDATE \(schema).letters SET unsent_consumer = NULL WHERE letter = \(letter.letter.id)")
        }
        return !letters.isEmpty
    }

    /// The last number that is in the log, whatever became of the inbox that had given it.
    private func lastNumber(of producer: any LogProducer) async throws -> Int64 {
        var last: Int64 = 0
        for topic in surroundings.declaration.topics {
            let target = try ConsumerDeclaration.deadLetterTopic(of: topic, for: consumer)
            do throws(StreamingLogError) {
                last = max(last, try await producer.lastSequences(in: target).max() ?? 0)
            } catch {
                guard case .unknownTopic = error else { throw error }
            }
        }
        return last
    }

    /// One that the log does not take, such as one that its own headers make too large, is left to the table.
    private func send(_ letters: [Numbered], to topic: TopicName, by producer: any LogProducer) async throws {
        do {
            let records = letters.map { Record(dead: $0.letter, number: $0.number, of: consumer) }
            try await send(records, to: topic, by: producer)
        } catch let error as StreamingLogError where error.isOfTheRecord {
            guard letters.count > 1 else {
                let message = letters.first.map { "\($0.letter.message)" } ?? ""
                return surroundings.tell(.gaveUp, "\(message) cannot be sent to its topic: \(error)")
            }
            for letter in letters { try await send([letter], to: topic, by: producer) }
        }
    }

    /// Makes the topic when there is none.
    private func send(_ records: [Record], to topic: TopicName, by producer: any LogProducer) async throws {
        do {
            try await producer.send(records, to: topic)
        } catch {
            guard case .unknownTopic = error else { throw error }
            try await create(topic)
            try await producer.send(records, to: topic)
        }
    }

    /// Somebody else may be faster.
    private func create(_ topic: TopicName) async throws {
        do throws(StreamingLogError) { try await surroundings.log.create(Topic(topic, partitions: 1)) } catch {
            guard case .topicExists = error else { throw error }
        }
    }
}
