/// Headers in the log's own form: each a name and a value behind their lengths, big-endian, -1 for no value.
extension [Record.Header] {
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for header in self {
            bytes.append(length: header.name.utf8.count)
            bytes += header.name.utf8
            bytes.append(length: header.value?.count ?? -1)
            bytes += header.value ?? []
        }
        return bytes
    }

    /// Nil for bytes that are no headers.
    package init?(encoded bytes: [UInt8]) {
        self = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let name = rest.takeField() ?? nil, let text = String(validating: name, as: UTF8.self),
                let value = rest.takeField()
            else { return nil }
            append(Record.Header(text, value.map { [UInt8]($0) }))
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(length: Int) {
        Swift.withUnsafeBytes(of: Int32(clamping: length).bigEndian) { append(contentsOf: $0) }
    }
}

extension ArraySlice<UInt8> {
    /// The next field, nil within for none of its kind; nil when the bytes end too early.
    fileprivate mutating func takeField() -> ArraySlice<UInt8>?? {
        guard count >= 4 else { return nil }
        let length = prefix(4).reduce(Int32(0)) { $0 << 8 | Int32($1) }
        removeFirst(4)
        if length == -1 { return .some(nil) }
        guard length >= 0, length <= count else { return nil }
        defer { removeFirst(Int(length)) }
        return prefix(Int(length))
    }
}
