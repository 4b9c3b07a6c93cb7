public import Martlet

extension Order {
    /// In UTF-8 bytes; short enough for any stream's name.
    public static let longestID = 200

    /// The id that a client chose, if the shop takes it.
    /// - Throws: ``OrderFlaw`` for the field `id`.
    public static func id(_ text: String) throws(OrderFlaw) -> Order.ID {
        guard text.utf8.count <= longestID else {
            throw OrderFlaw(field: "id", problem: "expected at most \(longestID) bytes, found \(text.utf8.count)")
        }
        return Order.ID(try OrderText.checked(text, field: "id"))
    }
}
