import MartletDomain
import MartletJSON

/// Between the events of an aggregate and what the log keeps of them.
///
/// Swift codes an enum as `{"sent":{"cents":500}}`. The log keeps the case's name in the type, `account.sent`, and the
/// inner object as the payload; reading joins them again, and turns older versions into today's by the type's history.
package struct EventCodec: Sendable {
    private let encoder = PayloadEncoder()
    private let decoder = PayloadDecoder()
    private let histories = KnownHistories()
    private static let noMetadata = Array("{}".utf8)

    package init() {}

    func encode<A: Aggregate>(_ event: A.Event, to stream: StreamID<A>) throws(EventStoreError) -> EncodedPayload {
        do {
            return try encode(event, of: A.self)
        } catch {
            throw .unencodable(stream.name, problem: "\(error)")
        }
    }

    func encode(_ metadata: Metadata, to stream: StreamName) throws(EventStoreError) -> [UInt8] {
        for (key, value) in metadata.values where key.utf8.contains(0) || value.utf8.contains(0) {
            throw .unencodable(stream, problem: "metadata \"\(key)\": expected no NUL character, which SQL cannot read")
        }
        return metadata.values.isEmpty ? Self.noMetadata : try encode(metadata, of: stream)
    }

    func encode(_ value: some Encodable, of stream: StreamName) throws(EventStoreError) -> [UInt8] {
        do { return try encoder.encode(value) } catch { throw .unencodable(stream, problem: "\(error)") }
    }

    func decodeRejection<Rejection: Decodable>(
        _ bytes: [UInt8], of id: CommandID
    ) throws(EventStoreError) -> Rejection {
        do { return try decoder.decode(Rejection.self, from: bytes) } catch {
            throw .corrupt("the rejection of command \"\(id)\" cannot be decoded: \(error)")
        }
    }

    /// Nil when the event is retired.
    /// - Throws: ``EventStoreError/undecodable(type:_:_:_:problem:)``, also for an event of another category.
    func decode<A: Aggregate>(_ stored: StoredEvent, of _: A.Type) throws(EventStoreError) -> Recorded<A>? {
        do {
            guard let stream = StreamID<A>(stored.stream), let name = stored.caseName(in: A.category) else {
                throw stored.undecodable("expected an event of category \"\(A.category)\"")
            }
            guard let event = try decode(name, stored.typeVersion, stored.payload, of: A.self) else { return nil }
            return Recorded(
                id: stored.id, stream: stream, version: stored.version, position: stored.position,
                recordedAt: stored.recordedAt, metadata: try metadata(stored.metadata), event: event)
        } catch let error as EventStoreError {
            throw error
        } catch {
            throw stored.undecodable("\(error)")
        }
    }

    /// Those that are not retired.
    func decode<A: Aggregate>(_ page: [StoredEvent], of _: A.Type) throws(EventStoreError) -> [Recorded<A>] {
        var events: [Recorded<A>] = []
        events.reserveCapacity(page.count)
        for stored in page {
            if let recorded = try decode(stored, of: A.self) { events.append(recorded) }
        }
        return events
    }

    func metadata(of stored: StoredEvent) throws(EventStoreError) -> Metadata {
        do { return try metadata(stored.metadata) } catch { throw stored.undecodable("\(error)") }
    }

    private func metadata(_ bytes: [UInt8]) throws -> Metadata {
        bytes.count == 2 ? .none : try decoder.decode(Metadata.self, from: bytes)
    }
}

extension EventCodec {
    /// An event as it is stored today.
    /// - Throws: ``EventHistoryProblem``, and whatever the encoder throws.
    package func encode<A: Aggregate>(_ event: A.Event, of _: A.Type) throws -> EncodedPayload {
        let history = try histories.history(of: A.Event.self)
        let (name, payload) = try encoder.encodeCase(event)
        let stored = history[name]
        guard stored.today == name else { throw EventHistoryProblem.noCaseOfToday(name) }
        return EncodedPayload(
            type: "\(A.category).\(name)", typeVersion: Int16(clamping: stored.newestVersion), payload: payload)
    }

    /// The event that is stored under a name (without its category) in a version; nil when it is retired.
    /// - Throws: ``EventHistoryProblem``, and whatever the decoder throws.
    package func decode<A: Aggregate>(
        _ name: String, _ version: Int, _ payload: [UInt8], of _: A.Type
    ) throws -> A.Event? {
        let stored = try histories.history(of: A.Event.self)[name]
        guard let today = stored.today else { return nil }
        guard version >= 1, version <= stored.newestVersion else {
            throw EventHistoryProblem.unknownVersion(version, newest: stored.newestVersion)
        }
        let upcasters = stored.upcasters[(version - 1)...]
        guard !upcasters.isEmpty else { return try decoder.decodeCase(A.Event.self, name: today, payload: payload) }
        let upcast = try upcasters.upcast(payload)
        do { return try decoder.decodeCase(A.Event.self, name: today, payload: upcast) } catch {
            throw EventHistoryProblem.unreadableAfterUpcasting(
                from: version, as: today, problem: "\(error)")
        }
    }

    /// What is wrong with the declared history of an aggregate's events; nil when nothing is.
    package func flaw<A: Aggregate>(of _: A.Type) -> String? {
        do throws(EventHistoryProblem) {
            _ = try histories.history(of: A.Event.self)
            return nil
        } catch {
            return error.description
        }
    }
}

extension ArraySlice<Upcaster> {
    /// What an old payload becomes, as JSON.
    fileprivate func upcast(_ payload: [UInt8]) throws -> [UInt8] {
        var tree = try JSONValue(parsing: payload)
        for upcaster in self {
            do { try upcaster.change(&tree) } catch {
                throw EventHistoryProblem.upcasterFailed(
                    of: upcaster.name, from: upcaster.version, problem: "\(error)")
            }
        }
        return tree.bytes
    }
}

/// What the log keeps of an event.
package struct EncodedPayload: Sendable {
    /// With the category: `account.sent`.
    package let type: String
    package let typeVersion: Int16
    package let payload: [UInt8]
}

extension StoredEvent {
    /// `sent` of `account.sent`; nil when the type is not of the category.
    fileprivate func caseName(in category: String) -> String? {
        let name = type.utf8.dropFirst(category.utf8.count)
        guard name.first == UInt8(ascii: "."), type.utf8.starts(with: category.utf8) else { return nil }
        return String(Substring(name.dropFirst()))
    }

    fileprivate func undecodable(_ problem: String) -> EventStoreError {
        .undecodable(type: type, stream, version, position, problem: problem)
    }
}
