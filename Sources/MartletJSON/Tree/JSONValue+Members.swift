extension JSONValue {
    /// The member under `key`, if this is an object that has one; see `JSONObject`. Nil removes it. Writing to what is
    /// no object changes nothing, so that no value is lost to a wrong guess.
    ///
    /// Steps chain: `payload["to"]?["city"] = "Turku"`.
    public subscript(key: String) -> JSONValue? {
        get { object?[key] }
        set { object?[key] = newValue }
    }

    /// Removes the member under `key` and returns its value; nil when there was none.
    @discardableResult
    public mutating func remove(_ key: String) -> JSONValue? { object?.remove(key) }

    /// Gives the member under `key` another key, in its place. Another member of that key is removed.
    ///
    /// - Returns: false, with nothing changed, when there is no member under `key`.
    @discardableResult
    public mutating func rename(_ key: String, to newKey: String) -> Bool {
        object?.rename(key, to: newKey) ?? false
    }
}

extension JSONValue {
    // Optional chaining through a property that is nil sets it to nil afterwards: the setters take that for no change.

    /// The members, if this is an object. Setting nil changes nothing.
    public var object: JSONObject? {
        get { if case .object(let object) = self { object } else { nil } }
        set { if let newValue { self = .object(newValue) } }
    }

    /// The elements, if this is an array. Setting nil changes nothing.
    public var array: [JSONValue]? {
        get { if case .array(let elements) = self { elements } else { nil } }
        set { if let newValue { self = .array(newValue) } }
    }

    /// The text, if this is a string.
    public var string: String? { if case .string(let text) = self { text } else { nil } }

    /// The number, if this is one; `number?.integer()` and `number?.double` are its values.
    public var number: JSONNumber? { if case .number(let number) = self { number } else { nil } }

    /// The boolean, if this is one.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
}

extension JSONValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSONValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { JSONObject.Member(key: $0.0, value: $0.1) }))
    }
}
