/// The members of a JSON object in their order.
///
/// Keys are equal when their bytes are, as in `PayloadDecoder`. An object that was read may hold a key more than once:
/// the first one counts, as there, and a change by key leaves one.
public struct JSONObject: Hashable, Sendable {
    /// A key and its value.
    public struct Member: Hashable, Sendable {
        public var key: String
        public var value: JSONValue

        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// All members, repeated keys included.
    public var members: [Member]

    public init(_ members: [Member] = []) { self.members = members }

    /// The keys in order, repeated ones included.
    public var keys: [String] { members.map(\.key) }

    /// The value under `key`. A new value takes the place of the old one, or the end; nil removes the member.
    public subscript(key: String) -> JSONValue? {
        get { index(of: key).map { members[$0].value } }
        set {
            guard let newValue else { return removeAll(key) }
            guard let index = index(of: key) else { return members.append(Member(key: key, value: newValue)) }
            members[index].value = newValue
            removeAll(key, after: index)
        }
    }

    /// Removes the member under `key` and returns its value; nil when there was none.
    @discardableResult
    public mutating func remove(_ key: String) -> JSONValue? {
        let value = self[key]
        removeAll(key)
        return value
    }

    /// Gives the member under `key` another key, in its place. Another member of that key is removed.
    ///
    /// - Returns: false, with nothing changed, when there is no member under `key`.
    @discardableResult
    public mutating func rename(_ key: String, to newKey: String) -> Bool {
        guard let value = self[key] else { return false }
        guard !Self.isSame(key, newKey) else { return true }
        removeAll(newKey)
        self[key] = value
        if let index = index(of: key) { members[index].key = newKey }
        return true
    }

    private func index(of key: String) -> Int? { members.firstIndex { Self.isSame($0.key, key) } }

    private mutating func removeAll(_ key: String, after index: Int = -1) {
        let kept = members.enumerated().filter { $0.offset <= index || !Self.isSame($0.element.key, key) }
        if kept.count < members.count { members = kept.map(\.element) }
    }

    /// Not `==`, which takes canonically equivalent Unicode for the same.
    private static func isSame(_ key: String, _ other: String) -> Bool { key.utf8.elementsEqual(other.utf8) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements.map { Member(key: $0.0, value: $0.1) })
    }
}
