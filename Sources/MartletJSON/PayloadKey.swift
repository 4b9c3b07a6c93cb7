/// One step of a coding path, found again from the JSON itself and therefore not of the type's own `CodingKeys`.
struct PayloadKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = "Index \(intValue)"
        self.intValue = intValue
    }

    /// The key that synthesised `Codable` gives to the first associated value without a label.
    static let unlabelled = "_0"

    static let superKey = PayloadKey(stringValue: "super")
}

extension PayloadKey {
    /// A path as people write it: `items[2].name`.
    static func text(_ path: [any CodingKey]) -> String {
        path.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : "." + key.stringValue
            }
        }
    }
}
