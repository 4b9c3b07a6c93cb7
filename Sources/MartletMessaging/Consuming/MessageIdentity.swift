import FoundationEssentials
import MartletDomain
import MartletStreamingLog

/// By what a message that comes twice is recognised.
enum MessageIdentity: Hashable, Sendable {
    /// The producer's number of it, and of the one that it sent to the partition before; -1 is none.
    case sequenced(producer: ExactText, sequence: Int64, after: Int64)
    /// What it is called, where its producer does not number it.
    case foreign(id: String)

    init(of message: Message) {
        let record = message.record
        if let producer = record.header(RelayHeaders.producer), !producer.utf8.contains(0),
            let sequence = record.number(in: RelayHeaders.sequence),
            let after = record.number(in: RelayHeaders.after), sequence >= 0, after >= -1, after < sequence
        {
            self = .sequenced(producer: ExactText(producer), sequence: sequence, after: after)
        } else {
            self = .foreign(id: message.foreignID.replacing("\0", with: "\u{2400}"))
        }
    }
}

extension RelayHeaders {
    static let all: Set<String> = [producer, sequence, after]
}

extension StoredRecord {
    fileprivate func number(in header: String) -> Int64? { self.header(header).flatMap { Int64($0) } }
}

extension Message {
    /// A CloudEvent is known by its source and id (CloudEvents 1.0, "id"). What has no id at all is known by its place, and
    /// by when it came there, since a topic may be made anew.
    fileprivate var foreignID: String {
        if let id, let source { return "\(source) \(id)" }
        return id ?? "\(partition)/\(offset)@\(record.appendedAt.timeIntervalSince1970)"
    }
}
