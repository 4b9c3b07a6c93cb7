import FoundationEssentials
import MartletJSON
public import MartletStreamingLog

extension CloudEvent {
    /// The event as a record, of which the id is the message's and the time the record's.
    /// - Throws: ``CloudEventError`` when an attribute may not be, or data that is to stand in JSON is none.
    public func record(key: [UInt8]? = nil, mode: Mode = .binary) throws(CloudEventError) -> Record {
        let headers: [Record.Header]
        let value: [UInt8]?
        switch mode {
        case .binary: (headers, value) = (try binaryHeaders(), data)
        case .structured:
            (headers, value) = ([Record.Header(Self.contentType, Self.structuredType)], try envelope())
        }
        return Record(key: key, value: value, headers: headers, messageID: id, timestamp: time)
    }

    /// The event in a record, in whichever mode.
    /// - Throws: ``CloudEventError`` when there is none.
    public init(_ record: Record) throws(CloudEventError) { try self.init(record.headers, record.value) }

    /// The event in a record, in whichever mode.
    /// - Throws: ``CloudEventError`` when there is none.
    public init(_ record: StoredRecord) throws(CloudEventError) { try self.init(record.headers, record.value) }

    private static let contentType = "content-type"
    private static let prefix = "ce_"
    private static let structuredType = "application/cloudevents+json; charset=UTF-8"

    private func binaryHeaders() throws(CloudEventError) -> [Record.Header] {
        var headers = [Record.Header(Self.prefix + "specversion", "1.0")]
        for (name, value) in try attributes() { headers.append(Record.Header(Self.prefix + name, value)) }
        if let datacontenttype { headers.append(Record.Header(Self.contentType, datacontenttype)) }
        return headers
    }

    private init(_ headers: [Record.Header], _ value: [UInt8]?) throws(CloudEventError) {
        var contentType: String?
        var attributes: [String: String] = [:]
        for header in headers {
            if header.name == Self.contentType {
                contentType = try header.text()
            } else if header.name.hasPrefix(Self.prefix) {
                attributes[String(header.name.dropFirst(Self.prefix.count))] = try header.text()
            }
        }
        guard let mediaType = contentType?.mediaType, mediaType.hasPrefix("application/cloudevents") else {
            try self.init(attributes: &attributes, datacontenttype: contentType, data: value)
            return
        }
        guard mediaType == "application/cloudevents+json" else {
            throw CloudEventError(
                "header \"content-type\"", expected: "application/cloudevents+json", found: "\"\(mediaType)\"")
        }
        try self.init(envelope: value ?? [])
    }
}

extension Record.Header {
    fileprivate func text() throws(CloudEventError) -> String {
        guard let value else { throw CloudEventError("header \"\(name)\"", expected: "a text", found: "no value") }
        guard let text = String(validating: value, as: UTF8.self) else {
            throw CloudEventError("header \"\(name)\"", expected: "UTF-8", found: "other bytes")
        }
        return text
    }
}

extension String {
    /// Without its parameters, in lower case.
    var mediaType: String {
        let type = prefix { $0 != ";" }.lowercased()
        return String(type.reversed().drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace))
    }
}
