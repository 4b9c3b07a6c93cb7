import Martlet

/// Writes down what customers are to be told: one row for each message, in this service's own database.
///
/// The row, and the note that the message was taken, commit together. So the `INSERT` need not look whether the row is
/// there: if it ever were, the primary key would say so.
struct Notifications: MessageHandler {
    static let name = "notifications"
    static let topics: [TopicName] = ["orders"]

    func handle(_ message: Message, in transaction: Transaction) async throws {
        guard let kind = NotificationKind(messageType: message.type) else { return }
        let news = try message.decode(OrderNews.self)
        if let customer = news.customer {
            transaction.enqueue(
                """
                INSERT INTO \(NotificationSchema.name).customers (order_id, customer)
                VALUES (\(news.order), \(customer))
                """)
        }
        // Messages of one order come in their order, so the customer is known from the first; if not, NOT NULL fails.
        transaction.enqueue(
            """
            INSERT INTO \(NotificationSchema.name).letters (message_id, kind, order_id, text, customer)
            VALUES (\(message.id), \(kind.rawValue), \(news.order), \(kind.text(of: news)),
                (SELECT c.customer FROM \(NotificationSchema.name).customers c WHERE c.order_id = \(news.order)))
            """)
    }
}
