/// A stream's full name, `category-key`; what ``StreamID`` becomes where the aggregate's type is not known.
///
/// Equal where the bytes are, as in the database: an "é" of two scalars is not the one of a single scalar.
public struct StreamName: Hashable, Sendable, CustomStringConvertible {
    /// The longest name, in UTF-8 bytes, that fits the events' index with room to spare.
    public static let maximumLength = 500

    // Whole, because readers of the log make one for each event and most never ask for its parts.
    public let description: String
    /// In UTF-8 bytes.
    private let categoryLength: Int

    public init(category: String, key: String) {
        description = "\(category)-\(key)"
        categoryLength = category.utf8.count
    }

    /// Splits a stored name at its first hyphen; nil when there is none or nothing before it.
    public init?(_ text: String) {
        var text = text
        let hyphen = text.withUTF8 { $0.firstIndex(of: UInt8(ascii: "-")) }
        guard let hyphen, hyphen > 0 else { return nil }
        description = text
        categoryLength = hyphen
    }

    public var category: String { String(description[..<hyphen]) }

    /// Whether the stream is of this category; cheaper than to make ``category``.
    package func isOf(_ category: String) -> Bool {
        var category = category
        var description = description
        return category.withUTF8 { wanted in
            wanted.count == categoryLength
                && description.withUTF8 { $0.prefix(categoryLength).elementsEqual(wanted) }
        }
    }

    public var key: String { String(description[description.utf8.index(after: hyphen)...]) }

    private var hyphen: String.Index { description.utf8.index(description.startIndex, offsetBy: categoryLength) }

    /// What keeps this name from being stored, worded for a person, or nil when nothing does.
    public var flaw: String? {
        if category.isEmpty || category.utf8.contains(UInt8(ascii: "-")) {
            return "expected a category without a hyphen, found \"\(category)\""
        }
        if key.isEmpty { return "expected a key, found an empty one" }
        let length = description.utf8.count
        if length > Self.maximumLength {
            return "expected a name of at most \(Self.maximumLength) bytes, found \(length)"
        }
        if description.utf8.contains(0) { return "expected no NUL character in the name" }
        return nil
    }
}

extension StreamName {
    // The first hyphen divides a name that can be stored; one that cannot may be divided elsewhere.
    public static func == (left: Self, right: Self) -> Bool {
        left.categoryLength == right.categoryLength && left.description.hasSameBytes(as: right.description)
    }

    public func hash(into hasher: inout Hasher) { description.hashBytes(into: &hasher) }
}
