import FoundationEssentials
import Martlet
import MartletJSON

extension StoredRecord {
    /// As one JSON object: what is text as such, what is not in base64 under another name. A value that is JSON stands
    /// there as it is.
    var jsonLine: String {
        var object: JSONObject = [
            "topic": .string(partition.topic.description), "partition": .number(JSONNumber(partition.number)),
            "offset": .number(JSONNumber(Int(offset.rawValue))),
            "appendedAt": .string(appendedAt.formatted(.precise)), "timestamp": .string(timestamp.formatted(.precise)),
        ]
        if let messageID { object["messageID"] = .string(messageID) }
        object.print(key, as: "key")
        object["headers"] = .array(headers.map(\.json))
        if let value { object.printJSON(value, as: "value") }
        return String(decoding: JSONValue.object(object).bytes, as: UTF8.self)
    }
}

extension Record.Header {
    fileprivate var json: JSONValue {
        var object: JSONObject = ["name": .string(name)]
        object.print(value, as: "value")
        return .object(object)
    }
}

extension JSONObject {
    fileprivate mutating func printJSON(_ bytes: [UInt8], as name: String) {
        do { self[name] = try JSONValue(parsing: bytes) } catch { print(bytes, as: name) }
    }

    fileprivate mutating func print(_ bytes: [UInt8]?, as name: String) {
        guard let bytes else { return }
        if let text = String(validating: bytes, as: UTF8.self) {
            self[name] = .string(text)
        } else {
            self[name + "Base64"] = .string(Data(bytes).base64EncodedString())
        }
    }
}
