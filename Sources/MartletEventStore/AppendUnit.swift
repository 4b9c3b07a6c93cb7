import FoundationEssentials
import MartletDomain
import MartletPostgres

/// What is appended whole or not at all: to one stream or several, perhaps as a command, encoded and with its events'
/// ids chosen.
///
/// The ids stay the same however often the unit is sent, which is what settles an unknown outcome.
package struct AppendUnit: Sendable {
    package struct Event: Sendable {
        package let id: UUID
        package let type: String
        package let typeVersion: Int16
        package let payload: [UInt8]
        package let metadata: [UInt8]
    }

    package struct Stream: Sendable {
        package let name: StreamName
        /// The name as one text, made once.
        package let id: String
        package let expected: ExpectedVersion
        package let events: [Event]

        package init(name: StreamName, expected: ExpectedVersion, events: [Event]) {
            (self.name, self.expected, self.events) = (name, expected, events)
            id = name.description
        }
    }

    package struct Command: Sendable {
        package let id: CommandID
        /// What is asked for, the same bytes whenever it is the same.
        package let body: [UInt8]
        /// The domain's refusal as JSON; nothing is appended then.
        package var rejection: [UInt8]?
    }

    /// At least one; each named once.
    package let streams: [Stream]
    package let command: Command?

    package init(_ streams: [Stream], command: Command? = nil) {
        (self.streams, self.command) = (streams, command)
    }

    package var eventCount: Int { streams.reduce(0) { $0 + $1.events.count } }

    /// Of what varies without bound.
    package var byteCount: Int {
        streams.reduce(command?.body.count ?? 0) { sum, stream in
            stream.events.reduce(sum) { $0 + $1.payload.count + $1.metadata.count }
        }
    }

    /// Whether sending it twice is harmless: it can stand at one place only, or its answer is kept.
    package var isRepeatable: Bool { command != nil || streams.allSatisfy { $0.expected.version != nil } }

    /// What no two units may work on at the same time; a stream's name has a hyphen before any other character that
    /// a command's key could be mistaken for.
    var keys: [Key] {
        let ids = streams.map { Key(text: $0.id) }
        return command.map { ids + [Key(text: "\u{0}" + $0.id.rawValue)] } ?? ids
    }
}

extension AppendUnit {
    /// Equal where the bytes are, as in the database.
    struct Key: Hashable {
        let text: String

        static func == (left: Self, right: Self) -> Bool { left.text.hasSameBytes(as: right.text) }

        func hash(into hasher: inout Hasher) { text.hashBytes(into: &hasher) }
    }
}

extension ExpectedVersion {
    /// The one version after which events can stand, if this names one.
    package var version: StreamVersion? {
        switch self {
        case .exactly(let version): version
        case .noStream: StreamVersion.none
        case .any, .exists: nil
        }
    }
}

/// How a unit ended.
package enum AppendOutcome: Sendable {
    /// Where each stream now ends, and the unit's last event; the head of the log for a unit without events.
    case committed(versions: [StreamVersion], position: GlobalPosition)
    case conflict(VersionConflict)
    case closed(StreamName, at: StreamVersion)
    /// The command had been answered before.
    case repeated(CommandAnswer)
    case unknown(PostgresError)
    /// Nothing was written.
    case failed(EventStoreError)
}

/// What became of a command, as it is kept.
package struct CommandAnswer: Sendable {
    package let versions: [StreamVersion]
    package let position: GlobalPosition
    package let rejection: [UInt8]?
    /// Whether the same was asked for then.
    package let isSameBody: Bool

    package init(versions: [StreamVersion], position: GlobalPosition, rejection: [UInt8]?, isSameBody: Bool) {
        (self.versions, self.position, self.rejection) = (versions, position, rejection)
        self.isSameBody = isSameBody
    }
}
