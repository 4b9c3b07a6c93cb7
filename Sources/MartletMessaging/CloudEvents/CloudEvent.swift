public import FoundationEssentials
import MartletJSON

/// A message in the envelope of CloudEvents 1.0, which systems of other makes read too.
///
/// An event is known by its ``source`` and ``id`` together.
public struct CloudEvent: Hashable, Sendable {
    public var id: String
    /// A URI reference that says whose events these are, such as `/shop/orders`.
    public var source: String
    /// What happened, such as `order.placed.v1`.
    public var type: String
    /// What it happened to, within the source.
    public var subject: String?
    /// In microseconds.
    public var time: Date?
    /// A URI of what the data looks like.
    public var dataschema: String?
    /// What the data is; JSON where it says nothing.
    public var datacontenttype: String?
    public var data: [UInt8]?
    /// Further attributes by names of lower-case letters and digits, such as `traceparent`. What is a number or a boolean
    /// in a JSON envelope is its text here.
    public var extensions: [String: String]

    public init(
        id: String, source: String, type: String, subject: String? = nil, time: Date? = nil, dataschema: String? = nil,
        datacontenttype: String? = nil, data: [UInt8]? = nil, extensions: [String: String] = [:]
    ) {
        (self.id, self.source, self.type, self.subject) = (id, source, type, subject)
        (self.time, self.dataschema, self.datacontenttype) = (time, dataschema, datacontenttype)
        (self.data, self.extensions) = (data, extensions)
    }

    /// An event whose data is a value's JSON.
    /// - Throws: what encoding it throws.
    public init(
        id: String = UUID().uuidString.lowercased(), source: String, type: String, subject: String? = nil,
        time: Date? = nil, dataschema: String? = nil, json value: some Encodable, extensions: [String: String] = [:]
    ) throws {
        self.init(
            id: id, source: source, type: type, subject: subject, time: time, dataschema: dataschema,
            datacontenttype: "application/json", data: try PayloadEncoder().encode(value), extensions: extensions)
    }

    /// How an event lies in a record, by the binding for Kafka.
    public enum Mode: Hashable, Sendable {
        /// The data is the record's value, the attributes are its headers.
        case binary
        /// The record's value is a JSON object of both.
        case structured
    }
}

/// A record or an attribute is not what CloudEvents 1.0 wants.
public struct CloudEventError: Error, Hashable, CustomStringConvertible {
    /// What of the event it is about: an attribute, a header, or `data`.
    public let place: String
    public let expected: String
    public let found: String

    init(_ place: String, expected: String, found: String) {
        (self.place, self.expected, self.found) = (place, expected, found)
    }

    public var description: String { "cloud event: \(place): expected \(expected), found \(found)" }
}
