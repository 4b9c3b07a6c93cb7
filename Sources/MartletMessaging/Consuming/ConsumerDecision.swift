public import FoundationEssentials
public import MartletStreamingLog

/// What an operator has decided of a consumer's messages, as it is kept.
public struct ConsumerDecision: Hashable, Sendable {
    public enum Kind: String, Codable, Hashable, Sendable {
        /// A message is never handled.
        case discarded
        /// A message was handled after all.
        case replayed
        /// A partition has gone on though messages are missing.
        case acceptedHole = "accepted_hole"

        init(stored word: String) throws {
            guard let kind = Self(rawValue: word) else {
                throw InboxError.corrupt("expected what was decided, found \"\(word)\"")
            }
            self = kind
        }
    }

    public let kind: Kind
    public let decidedAt: Date
    public let partition: TopicPartition
    /// Which letter it was about; nil for a hole, and so are its offset and its key.
    public let letter: Int64?
    public let offset: Offset?
    /// Nil also where the message had none, or one that is no text.
    public let key: String?
    /// Why the message could not be handled, or why the partition had stopped.
    public let problem: String?
    /// Why it was decided so; nil for what was replayed.
    public let reason: String?
    /// Who has decided it; nil for what was replayed.
    public let actor: String?
}
