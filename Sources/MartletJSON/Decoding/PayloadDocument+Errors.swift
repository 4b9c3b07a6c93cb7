extension PayloadDocument {
    /// The path to the token at `index`, found by walking down to it from the top.
    func path(to index: Int) -> [any CodingKey] {
        var path: [any CodingKey] = []
        var container = 0
        while container < index, let child = child(of: container, around: index) {
            let isObject = tape[container].kind == .object
            path.append(
                isObject ? PayloadKey(stringValue: text(at: child.token - 1)) : PayloadKey(intValue: child.order))
            container = child.token
        }
        return path
    }

    private func child(of container: Int, around index: Int) -> (token: Int, order: Int)? {
        let step = tape[container].kind == .object ? 1 : 0
        var token = firstChild(of: container) + step
        var order = 0
        while token < Int(tape[container].next) {
            if token <= index, index < Int(tape[token].next) { return (token, order) }
            token = Int(tape[token].next) + step
            order += 1
        }
        return nil
    }

    func context(_ index: Int, _ message: String, appending key: (any CodingKey)? = nil) -> DecodingError.Context {
        let isText = tape[index].kind == .text || tape[index].kind == .escapedText
        let offset = Int(tape[index].start) - (isText ? 1 : 0)
        let path = path(to: index) + (key.map { [$0] } ?? [])
        return DecodingError.Context(codingPath: path, debugDescription: "payload byte \(max(offset, 0)): \(message)")
    }

    /// The value at `index` is null, or of another JSON type than `type` needs.
    func mismatch(_ type: Any.Type, expected: String, at index: Int) -> DecodingError {
        let context = context(index, "expected \(expected), found \(tape[index].noun)")
        return tape[index].kind == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    /// The value at `index` has the right JSON type, but is none of the values of `type`.
    func corrupted(at index: Int, expected: String, found: String) -> DecodingError {
        .dataCorrupted(context(index, "expected \(expected), found \(found)"))
    }

    func keyNotFound(_ key: any CodingKey, in object: Int) -> DecodingError {
        .keyNotFound(key, context(object, "expected the key \"\(key.stringValue)\", found none of that name"))
    }
}
