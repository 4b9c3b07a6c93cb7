import MartletDomain
import MartletJSON

/// Between the events of an aggregate and what the log keeps of them.
///
/// Swift codes an enum as `{"sent":{"cents":500}}`. The log keeps the case's name in the type, `account.sent`, and the
/// inner object as the payload; reading joins them again.
struct EventCodec: Sendable {
    private let encoder = PayloadEncoder()
    private let decoder = PayloadDecoder()

    func encode<A: Aggregate>(_ event: A.Event, to stream: StreamID<A>) throws(EventStoreError) -> EncodedPayload {
        do {
            let (name, payload) = try encoder.encodeCase(event)
            return EncodedPayload(type: "\(A.category).\(name)", typeVersion: 1, payload: payload)
        } catch {
            throw .unencodable(stream.name, problem: "\(error)")
        }
    }

    func encode(_ metadata: Metadata, to stream: StreamName) throws(EventStoreError) -> [UInt8] {
        metadata.values.isEmpty ? Array("{}".utf8) : try encode(metadata, of: stream)
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

    /// - Throws: ``EventStoreError/undecodable(type:_:_:_:problem:)``, also for an event of another category.
    func decode<A: Aggregate>(_ stored: StoredEvent, of _: A.Type) throws(EventStoreError) -> Recorded<A> {
        do {
            guard let stream = StreamID<A>(stored.stream), let name = stored.caseName else {
                throw stored.undecodable("expected an event of category \"\(A.category)\"")
            }
            return Recorded(
                id: stored.id, stream: stream, version: stored.version, position: stored.position,
                recordedAt: stored.recordedAt, metadata: try metadata(stored.metadata),
                event: try decoder.decodeCase(A.Event.self, name: name, payload: stored.payload))
        } catch let error as EventStoreError {
            throw error
        } catch {
            throw stored.undecodable("\(error)")
        }
    }

    private func metadata(_ bytes: [UInt8]) throws -> Metadata {
        bytes.count == 2 ? .none : try decoder.decode(Metadata.self, from: bytes)
    }
}

struct EncodedPayload: Sendable {
    let type: String
    let typeVersion: Int16
    let payload: [UInt8]
}

extension StoredEvent {
    /// `sent` of `account.sent`; nil when the type is not of the stream's category.
    fileprivate var caseName: String? {
        type.hasPrefix(stream.category + ".") ? String(type.dropFirst(stream.category.count + 1)) : nil
    }

    fileprivate func undecodable(_ problem: String) -> EventStoreError {
        .undecodable(type: type, stream, version, position, problem: problem)
    }
}
