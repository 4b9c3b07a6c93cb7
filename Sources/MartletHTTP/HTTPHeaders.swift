#if HTTP
/// Header fields in the order in which they were sent, looked up without regard to ASCII case.
///
/// What a client sends that is not UTF-8 arrives repaired with U+FFFD.
public struct HTTPHeaders: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    public private(set) var fields: [HTTPField] = []

    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map(HTTPField.init)
    }

    /// The first value of that name. Setting replaces every value of that name; setting `nil` removes them.
    public subscript(name: String) -> String? {
        get { fields.first { $0.name.equalsIgnoringCase(name) }?.value }
        set {
            fields.removeAll { $0.name.equalsIgnoringCase(name) }
            if let newValue { append(newValue, for: name) }
        }
    }

    /// All values of that name, one for each line; a comma-separated list stays one value.
    public func values(for name: String) -> [String] {
        fields.filter { $0.name.equalsIgnoringCase(name) }.map(\.value)
    }

    /// Adds a line, beside those of the same name.
    public mutating func append(_ value: String, for name: String) {
        fields.append(HTTPField(name: name, value: value))
    }
}

extension String {
    func equalsIgnoringCase(_ other: String) -> Bool {
        utf8.count == other.utf8.count
            && zip(utf8, other.utf8).allSatisfy { $0.asciiLowercased == $1.asciiLowercased }
    }
}

extension UInt8 {
    fileprivate var asciiLowercased: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}
#endif
