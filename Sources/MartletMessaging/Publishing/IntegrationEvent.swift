import MartletJSON

/// What a publication says of an event, for others: the rest of its ``CloudEvent`` comes from the event.
///
/// The message's id is the event's, and of a further one of the same event `<id>.1`, `<id>.2` and so on; its time is when
/// the event was recorded, and its trace the event's.
public struct IntegrationEvent: Sendable {
    /// Names the message's shape and the shape's version, such as `order.placed.v1`.
    public let type: String
    public let subject: String?
    public let dataschema: String?
    let contentType: String
    let encode: @Sendable () throws -> [UInt8]

    /// - Parameters:
    ///   - data: becomes JSON.
    ///   - subject: what it happened to, within the publication's source.
    ///   - dataschema: a URI of what the data looks like.
    public init(
        type: String, data: some Encodable & Sendable, subject: String? = nil, dataschema: String? = nil
    ) {
        (self.type, self.subject, self.dataschema) = (type, subject, dataschema)
        contentType = "application/json"
        encode = { try PayloadEncoder().encode(data) }
    }

    /// - Parameters:
    ///   - bytes: taken as they are.
    ///   - contentType: what they are, as a media type.
    public init(
        type: String, bytes: [UInt8], contentType: String, subject: String? = nil, dataschema: String? = nil
    ) {
        (self.type, self.subject, self.dataschema, self.contentType) = (type, subject, dataschema, contentType)
        encode = { bytes }
    }
}
