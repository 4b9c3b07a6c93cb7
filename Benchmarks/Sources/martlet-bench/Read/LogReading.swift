import Martlet
import MartletJSON

/// A way to read the log, all of it or what a filter leaves.
protocol LogReading: Sendable {
    /// The measure's name.
    var name: String { get }

    /// Reads to the end and counts each event.
    func read(_ store: EventStore, _ pace: inout Pace) async throws
}

/// All events as they are stored.
struct StoredReading: LogReading {
    let name = "read-raw"

    func read(_ store: EventStore, _ pace: inout Pace) async throws {
        for try await _ in store.readLog() { pace.count() }
    }
}

/// All events, each decoded into the enum of its category.
struct DecodedReading: LogReading {
    let name = "read-decoded"
    private let decoder = PayloadDecoder()

    func read(_ store: EventStore, _ pace: inout Pace) async throws {
        for try await stored in store.readLog() {
            try decode(stored)
            pace.count()
        }
    }

    private func decode(_ stored: StoredEvent) throws {
        let name = String(stored.type.dropFirst(stored.stream.category.count + 1))
        if stored.stream.category == Account.category {
            _ = try decoder.decodeCase(Account.Event.self, name: name, payload: stored.payload)
        } else {
            _ = try decoder.decodeCase(OrderEvent.self, name: name, payload: stored.payload)
        }
    }
}
