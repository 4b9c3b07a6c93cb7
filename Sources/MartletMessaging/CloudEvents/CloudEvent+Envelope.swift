import FoundationEssentials
import MartletJSON

/// The event as one JSON object.
extension CloudEvent {
    func envelope() throws(CloudEventError) -> [UInt8] {
        var object = JSONObject([.init(key: "specversion", value: "1.0")])
        for (name, value) in try attributes() { object.members.append(.init(key: name, value: .string(value))) }
        if let datacontenttype {
            object.members.append(.init(key: "datacontenttype", value: .string(datacontenttype)))
        }
        if let data {
            if isJSON {
                object.members.append(.init(key: "data", value: try Self.tree(of: data, in: "data")))
            } else {
                object.members.append(.init(key: "data_base64", value: .string(Data(data).base64EncodedString())))
            }
        }
        return JSONValue.object(object).bytes
    }

    /// Reads one JSON object.
    init(envelope bytes: [UInt8]) throws(CloudEventError) {
        guard var members = try Self.tree(of: bytes, in: "envelope").object else {
            throw CloudEventError("envelope", expected: "a JSON object", found: "another value")
        }
        let (data, encoded) = (members.remove("data"), members.remove("data_base64"))
        var attributes: [String: String] = [:]
        for member in members.members where member.value != .null {
            attributes[member.key] = try Self.text(of: member.value, attribute: member.key)
        }
        let contentType = attributes.removeValue(forKey: "datacontenttype")
        let bytes = try Self.data(data, encoded: encoded, isJSON: contentType?.isJSON ?? true)
        try self.init(attributes: &attributes, datacontenttype: contentType, data: bytes)
    }

    /// What is no JSON may stand there as a JSON text, too.
    private static func data(
        _ data: JSONValue?, encoded: JSONValue?, isJSON: Bool
    ) throws(CloudEventError) -> [UInt8]? {
        guard let encoded, encoded != .null else {
            if !isJSON, let text = data?.string { return Array(text.utf8) }
            return data?.bytes
        }
        guard data == nil else {
            throw CloudEventError("envelope", expected: "either data or data_base64", found: "both")
        }
        guard let text = encoded.string, let bytes = Data(base64Encoded: text) else {
            throw CloudEventError("data_base64", expected: "a text in base64", found: "something else")
        }
        return [UInt8](bytes)
    }

    private static func text(of value: JSONValue, attribute name: String) throws(CloudEventError) -> String {
        switch value {
        case .string(let text): return text
        case .bool(let value): return value ? "true" : "false"
        case .number(let number): return number.text
        case .null, .array, .object:
            throw CloudEventError(
                "attribute \"\(name)\"", expected: "a text, a number or a boolean", found: "something else")
        }
    }

    private static func tree(of bytes: [UInt8], in place: String) throws(CloudEventError) -> JSONValue {
        do { return try JSONValue(parsing: bytes) } catch {
            throw CloudEventError(place, expected: "JSON", found: "\(error)")
        }
    }

    private var isJSON: Bool { datacontenttype?.isJSON ?? true }
}

extension String {
    /// As a media type: `application/json`, `text/json`, `application/geo+json`.
    fileprivate var isJSON: Bool { mediaType.hasSuffix("/json") || mediaType.hasSuffix("+json") }
}
