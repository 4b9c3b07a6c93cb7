import MartletPostgres
import MartletStreamingLog

/// A consumer, whatever kind of handler it has.
struct ConsumerDeclaration: Sendable {
    let name: String
    let topics: [TopicName]
    let policy: ConsumerPolicy
    let handle: @Sendable ([Message], Transaction) async throws -> Void
    let isOutage: @Sendable (any Error) -> Bool

    var group: GroupName { GroupName(name) }

    /// Where the dead letters of a topic go.
    static func deadLetterTopic(
        of topic: TopicName, for name: String
    ) throws(TopicName.Invalid) -> TopicName { try TopicName("\(topic).\(name).dead") }

    init<Handler: MessageHandler>(_ handler: Handler) {
        self.init(handler) { messages, transaction in
            for message in messages { try await handler.handle(message, in: transaction) }
        }
    }

    init<Handler: BatchMessageHandler>(_ handler: Handler) {
        self.init(handler) { messages, transaction in try await handler.handle(messages, in: transaction) }
    }

    private init<C: MessageConsumer>(
        _ consumer: C, _ handle: @escaping @Sendable ([Message], Transaction) async throws -> Void
    ) {
        (name, topics, policy, self.handle) = (C.name, C.topics, C.policy, handle)
        isOutage = { error in error is DependencyUnavailable || consumer.isOutage(error) }
        precondition((1...100).contains(name.utf8.count), "expected a name of 1 to 100 bytes, found \"\(name)\"")
        precondition(!topics.isEmpty, "consumer \"\(name)\": expected topics, found none")
        for topic in topics {
            do throws(TopicName.Invalid) { _ = try Self.deadLetterTopic(of: topic, for: name) } catch {
                preconditionFailure("consumer \"\(name)\": \(error)")
            }
        }
    }
}
