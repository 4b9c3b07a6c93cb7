public import FoundationEssentials
public import Martlet
import MartletEventStore
import MartletJSON

/// Events that were appended to one stream, for tests of what reads them.
///
/// ```swift
/// .on(Account.ID("ada"), .received(cents: 5_00), .sent(cents: 2_00, to: "bob"))
/// ```
public struct Happened: Sendable {
    let store: @Sendable (inout StoryLog) throws -> Void

    /// - Parameters:
    ///   - time: when they were recorded; a second after the events before them unless it says otherwise.
    ///   - metadata: what they carry beside their payloads.
    public static func on<A: Aggregate>(
        _ id: StreamID<A>, _ events: A.Event..., at time: Date? = nil, metadata: Metadata = .none
    ) -> Happened {
        on(id, events, at: time, metadata)
    }

    static func on<A: Aggregate>(
        _ id: StreamID<A>, _ events: [A.Event], at time: Date?, _ metadata: Metadata
    ) -> Happened {
        Happened { log in
            for event in events { try log.append(event, to: id, at: time, metadata) }
        }
    }
}

/// A log that exists for one test, as plain data. The same events come to the same log, in every run.
struct StoryLog: Sendable {
    private(set) var events: [StoredEvent] = []
    /// When the last event was recorded, or later.
    private(set) var now = start
    /// How much later than the one before an event is recorded which does not say when.
    private let pause: TimeInterval
    private var versions: [StreamName: Int64] = [:]

    init(pause: TimeInterval = 1) { self.pause = pause }

    mutating func append<A: Aggregate>(
        _ event: A.Event, to id: StreamID<A>, at time: Date?, _ metadata: Metadata
    ) throws {
        let form = try StoredForm<A>(of: event)
        let position = Int64(events.count + 1)
        let version = versions[id.name, default: 0] + 1
        versions[id.name] = version
        now = max(time ?? now.addingTimeInterval(pause), now)
        events.append(
            StoredEvent(
                position: GlobalPosition(rawValue: position), version: StreamVersion(rawValue: version),
                recordedAt: now, id: Self.id(position), stream: id.name,
                type: form.type, typeVersion: form.typeVersion, payload: form.payload,
                metadata: metadata == .none ? Array("{}".utf8) : try PayloadEncoder().encode(metadata)))
    }

    mutating func wait(until moment: Date) { now = max(now, moment) }

    /// 2026-01-01, midnight in UTC.
    static let start = Date(timeIntervalSince1970: 1_767_225_600)

    private static func id(_ number: Int64) -> UUID {
        var bytes = UUID(uuidString: "00000000-0000-7000-8000-000000000000")?.uuid ?? UUID().uuid
        withUnsafeMutableBytes(of: &bytes) { bytes in
            for index in 0..<6 { bytes[15 - index] = UInt8(truncatingIfNeeded: number >> (8 * Int64(index))) }
        }
        return UUID(uuid: bytes)
    }
}
