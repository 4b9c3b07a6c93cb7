import FoundationEssentials
import MartletJSON

extension CloudEvent {
    /// All attributes but `specversion`, by name, in the order in which they are written.
    /// - Throws: ``CloudEventError`` for one that may not be.
    func attributes() throws(CloudEventError) -> [(name: String, value: String)] {
        var attributes = [("id", id), ("source", source), ("type", type)]
        if let subject { attributes.append(("subject", subject)) }
        if let time { attributes.append(("time", try Self.text(of: time))) }
        if let dataschema { attributes.append(("dataschema", dataschema)) }
        for (name, value) in attributes where value.isEmpty {
            throw CloudEventError("attribute \"\(name)\"", expected: "a text", found: "an empty one")
        }
        for (name, value) in extensions.sorted(by: { $0.key < $1.key }) {
            try Self.check(extensionNamed: name)
            attributes.append((name, value))
        }
        return attributes
    }

    /// An event of its attributes by their names; empties the dictionary.
    init(
        attributes: inout [String: String], datacontenttype: String?, data: [UInt8]?
    ) throws(CloudEventError) {
        let version = try attributes.takeRequired("specversion")
        guard version == "1.0" else {
            throw CloudEventError("attribute \"specversion\"", expected: "\"1.0\"", found: "\"\(version)\"")
        }
        let (id, source) = (try attributes.takeRequired("id"), try attributes.takeRequired("source"))
        let type = try attributes.takeRequired("type")
        let time = try attributes.removeValue(forKey: "time").map { text throws(CloudEventError) in
            try Self.time(in: text)
        }
        let (subject, schema) = (
            attributes.removeValue(forKey: "subject"), attributes.removeValue(forKey: "dataschema")
        )
        for name in attributes.keys { try Self.check(extensionNamed: name) }
        self.init(
            id: id, source: source, type: type, subject: subject, time: time, dataschema: schema,
            datacontenttype: datacontenttype, data: data, extensions: attributes)
        attributes = [:]
    }

    private static func check(extensionNamed name: String) throws(CloudEventError) {
        let isAllowed = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard isAllowed, !name.isEmpty else {
            throw CloudEventError("attribute", expected: "a name of a-z and 0-9", found: "\"\(name)\"")
        }
        let own = ["specversion", "id", "source", "type", "subject", "time", "dataschema", "datacontenttype", "data"]
        guard !own.contains(name) else {
            throw CloudEventError("extension", expected: "a name that is no attribute's", found: "\"\(name)\"")
        }
    }

    /// As RFC 3339 has it.
    private static func text(of time: Date) throws(CloudEventError) -> String {
        do { return String(decoding: try PayloadEncoder().encode(time).dropFirst().dropLast(), as: UTF8.self) } catch {
            throw CloudEventError("attribute \"time\"", expected: "a year of four digits", found: "another")
        }
    }

    private static func time(in text: String) throws(CloudEventError) -> Date {
        do { return try PayloadDecoder().decode(Date.self, from: JSONValue.string(text).bytes) } catch {
            throw CloudEventError("attribute \"time\"", expected: "a time by RFC 3339", found: "\"\(text)\"")
        }
    }
}

extension [String: String] {
    fileprivate mutating func takeRequired(_ name: String) throws(CloudEventError) -> String {
        guard let value = removeValue(forKey: name) else {
            throw CloudEventError("attribute \"\(name)\"", expected: "a text", found: "none")
        }
        guard !value.isEmpty else {
            throw CloudEventError("attribute \"\(name)\"", expected: "a text", found: "an empty one")
        }
        return value
    }
}
