/// A stream's full name, `category-key`; what ``StreamID`` becomes where the aggregate's type is not known.
public struct StreamName: Hashable, Sendable, CustomStringConvertible {
    /// The longest name, in UTF-8 bytes, that fits the events' index with room to spare.
    public static let maximumLength = 500

    public let category: String
    public let key: String

    public init(category: String, key: String) {
        self.category = category
        self.key = key
    }

    /// Splits a stored name at its first hyphen; nil when there is none or nothing before it.
    public init?(_ text: String) {
        guard let hyphen = text.utf8.firstIndex(of: UInt8(ascii: "-")), hyphen != text.startIndex else { return nil }
        category = String(text[..<hyphen])
        key = String(text[text.utf8.index(after: hyphen)...])
    }

    public var description: String { "\(category)-\(key)" }

    /// What keeps this name from being stored, worded for a person, or nil when nothing does.
    public var flaw: String? {
        if category.isEmpty || category.utf8.contains(UInt8(ascii: "-")) {
            return "expected a category without a hyphen, found \"\(category)\""
        }
        if key.isEmpty { return "expected a key, found an empty one" }
        let length = category.utf8.count + 1 + key.utf8.count
        if length > Self.maximumLength {
            return "expected a name of at most \(Self.maximumLength) bytes, found \(length)"
        }
        if category.utf8.contains(0) || key.utf8.contains(0) { return "expected no NUL character in the name" }
        return nil
    }
}
