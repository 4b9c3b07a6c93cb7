import MartletDomain
import MartletJSON

/// What the log keeps of an event itself, wherever it stands.
package struct StoredForm<A: Aggregate>: Hashable, Sendable {
    package let type: String
    package let typeVersion: Int
    /// JSON.
    package let payload: [UInt8]

    /// - Throws: ``EventStoreError/unencodable(_:problem:)``.
    package init(of event: A.Event) throws(EventStoreError) {
        let encoded = try EventCodec().encode(event, to: Self.somewhere)
        (type, typeVersion, payload) = (encoded.type, Int(encoded.typeVersion), encoded.payload)
    }

    /// The event that a reader of the log gets.
    /// - Throws: ``EventStoreError/undecodable(type:_:_:_:problem:)``.
    package func event() throws(EventStoreError) -> A.Event {
        let stored = StoredEvent(
            position: 1, version: 1, recordedAt: .distantPast, id: .version7(), stream: Self.somewhere.name, type: type,
            typeVersion: typeVersion, payload: payload, metadata: Array("{}".utf8))
        guard let recorded = try EventCodec().decode(stored, of: A.self) else {
            throw .corrupt("expected an event of today, found the retired type \"\(type)\"")
        }
        return recorded.event
    }

    private static var somewhere: StreamID<A> { "1" }
}
