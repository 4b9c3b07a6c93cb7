import Foundation
import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletMessaging

extension Tag {
    @Tag static var database: Self
}

/// Something that is sent on its way in numbered steps.
struct Parcel: Aggregate {
    static let category = "parcel"

    enum Command {
        case move(step: Int, copies: Int)
        case weigh
    }
    enum Event: EventPayload, Equatable {
        case moved(step: Int, copies: Int)
        case weighed
    }

    func decide(_ command: Command) -> [Event] {
        switch command {
        case .move(let step, let copies): [.moved(step: step, copies: copies)]
        case .weigh: [.weighed]
        }
    }

    mutating func apply(_: Event) {}
}

struct ParcelMoved: Codable, Equatable {
    let parcel: String
    let step: Int
    var copy = 0
}

/// Tells of each step as many times as there are copies, and nothing of weights.
struct ParcelMessages: Publication {
    static let name = "parcel_messages"
    static let topic = Topic("parcels", partitions: 4)
    static let source = "/depot"
    static let onFailure = FailurePolicy.park(after: 2)

    /// The parcels of which it cannot make messages for now.
    var broken = Broken()

    func messages(for recorded: Recorded<Parcel>) throws -> [IntegrationEvent] {
        guard case .moved(let step, let copies) = recorded.event else { return [] }
        let parcel = recorded.stream.key
        if broken.contains(parcel) { throw Unspeakable() }
        return (0..<copies).map { copy in
            IntegrationEvent(
                type: "parcel.moved.v1", data: ParcelMoved(parcel: parcel, step: step, copy: copy), subject: parcel)
        }
    }

    struct Unspeakable: Error {}

    final class Broken: Sendable {
        private let parcels = Mutex<Set<String>>([])

        func contains(_ parcel: String) -> Bool { parcels.withLock { $0.contains(parcel) } }
        func set(_ new: Set<String>) { parcels.withLock { $0 = new } }
    }
}

/// Where the messages go: into the application's own log, or one in another database.
enum Place: CaseIterable, CustomStringConvertible {
    case own, other

    var description: String { self == .own ? "own log" : "other log" }
}

/// A database with a depot, and a log for its messages.
struct Depot: Sendable {
    let database: ThrowawayDatabase
    let log: EmbeddedLog
    let place: Place
    let broken: ParcelMessages.Broken
    /// Appends, asks and waits, and runs nothing.
    let outsider: Application

    static func with(_ place: Place, _ body: (Depot) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            switch place {
            case .own: try await make(in: database, place, nil, body)
            case .other:
                try await ThrowawayDatabase.with { other in
                    let log = EmbeddedLog(postgres: other.configuration)
                    try await log.migrate()
                    try await make(in: database, place, log, body)
                }
            }
        }
    }

    private static func make(
        in database: ThrowawayDatabase, _ place: Place, _ log: EmbeddedLog?, _ body: (Depot) async throws -> Void
    ) async throws {
        let broken = ParcelMessages.Broken()
        let outsider = application(in: database, log.map { FaultyLog($0) }, broken)
        try await outsider.migrate()
        try await body(
            Depot(
                database: database, log: log ?? outsider.log, place: place, broken: broken, outsider: outsider))
    }

    private static func application(
        in database: ThrowawayDatabase, _ log: FaultyLog?, _ broken: ParcelMessages.Broken
    ) -> Application {
        Application(postgres: database.configuration, connections: 8, lease: .seconds(1), incidents: .init { _ in }) {
            let messages = ParcelMessages(broken: broken)
            if let log {
                Publishing(messages, to: log)
                Publishing.messages(to: log)
            } else {
                Publishing(messages)
                Publishing.messages
            }
        }
    }

    /// One more that runs, until the task is cancelled.
    func member(_ faults: FaultyLog.Faults = .init()) -> Task<Void, any Error> {
        let application = Self.application(
            in: database, place == .own ? nil : FaultyLog(log, faults), broken)
        return Task { try await application.run() }
    }

    var publication: PublicationHandle { outsider.publication(ParcelMessages.self) }

    @discardableResult
    func move(_ parcel: String, _ step: Int, copies: Int = 1) async throws -> Receipt {
        try await outsider.execute(.move(step: step, copies: copies), on: Parcel.ID(parcel))
    }

    /// All records of a topic, partition by partition.
    func records(of topic: TopicName = "parcels") async throws -> [StoredRecord] {
        var records: [StoredRecord] = []
        for (number, extent) in try await log.describe(topic).partitions.enumerated() {
            var next = extent.beginning
            while next < extent.end {
                let page = try await log.fetch(TopicPartition(topic, number), from: next, upTo: FetchLimits())
                records += page
                next = try #require(page.last).offset.next
            }
        }
        return records
    }

    /// What each parcel's messages say, in the order in which they stand.
    func moves(in topic: TopicName = "parcels") async throws -> [String: [ParcelMoved]] {
        Dictionary(grouping: try await records(of: topic).map { try $0.moved() }, by: \.parcel)
    }
}

extension StoredRecord {
    func moved() throws -> ParcelMoved {
        let data = try CloudEvent(self).data
        return try JSONDecoder().decode(ParcelMoved.self, from: Data(try #require(data)))
    }
}
