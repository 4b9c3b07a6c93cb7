public import MartletDomain

/// What one append adds to one stream, for appends that take several streams on together or not at all.
public struct StreamAppend: Sendable {
    let stream: StreamName
    let encode: @Sendable (EventCodec) throws(EventStoreError) -> AppendUnit.Stream

    /// - Parameter metadata: travels beside every one of the events.
    public init<A: Aggregate>(
        _ events: [A.Event], to id: StreamID<A>, expecting expected: ExpectedVersion, metadata: Metadata = .none
    ) {
        stream = id.name
        encode = { codec throws(EventStoreError) in
            try AppendUnit.Stream(events, to: id, expecting: expected, metadata: metadata, codec: codec)
        }
    }
}

extension AppendUnit.Stream {
    /// - Throws: ``EventStoreError`` when the name, the events or the metadata cannot be stored.
    init<A: Aggregate>(
        _ events: [A.Event], to id: StreamID<A>, expecting expected: ExpectedVersion, metadata: Metadata,
        codec: EventCodec
    ) throws(EventStoreError) {
        let name = id.name
        if let flaw = name.flaw { throw .invalidStream(name, flaw: flaw) }
        let metadata = try codec.encode(metadata.merging(.ambient), to: name)
        self.init(
            name: name, expected: expected,
            events: try events.map { event throws(EventStoreError) in
                let encoded = try codec.encode(event, to: id)
                return AppendUnit.Event(
                    id: .version7(), type: encoded.type, typeVersion: encoded.typeVersion, payload: encoded.payload,
                    metadata: metadata)
            })
    }
}
