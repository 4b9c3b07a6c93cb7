extension PayloadDocument {
    @inline(__always)
    func isNull(at index: Int) -> Bool { tape[index].kind == .null }

    @inline(__always)
    func bool(at index: Int) throws -> Bool {
        switch tape[index].kind {
        case .yes: true
        case .no: false
        default: throw mismatch(Bool.self, expected: "a boolean", at: index)
        }
    }

    @inline(__always)
    func string(at index: Int) throws -> String {
        let token = tape[index]
        guard token.kind == .text || token.kind == .escapedText else {
            throw mismatch(String.self, expected: "a string", at: index)
        }
        return token.string(in: bytes)
    }

    @inline(__always)
    func integer<T: FixedWidthInteger>(_ type: T.Type, at index: Int) throws -> T {
        let token = tape[index]
        if token.kind == .integer, let value = NumberText.shortInteger(bytes(of: token)) {
            if let fitting = T(exactly: value) { return fitting }
        }
        return try longInteger(type, at: index)
    }

    @inline(never)
    private func longInteger<T: FixedWidthInteger>(_ type: T.Type, at index: Int) throws -> T {
        let token = tape[index]
        guard token.kind == .integer || token.kind == .decimal else {
            throw mismatch(type, expected: "an integer", at: index)
        }
        guard let value = NumberText.integer(bytes(of: token), as: type) else {
            throw corrupted(at: index, expected: "an integer within \(type)", found: "another number")
        }
        return value
    }

    func double(at index: Int) throws -> Double {
        let token = tape[index]
        guard token.kind == .integer || token.kind == .decimal else {
            throw mismatch(Double.self, expected: "a number", at: index)
        }
        if let exact = NumberText.shortDouble(bytes(of: token)) { return exact }
        return try floatingPoint(Double.self, token, at: index)
    }

    func float(at index: Int) throws -> Float {
        let token = tape[index]
        guard token.kind == .integer || token.kind == .decimal else {
            throw mismatch(Float.self, expected: "a number", at: index)
        }
        return try floatingPoint(Float.self, token, at: index)
    }

    private func floatingPoint<T: BinaryFloatingPoint & LosslessStringConvertible>(
        _ type: T.Type, _ token: PayloadToken, at index: Int
    ) throws -> T {
        let text = bytes(of: token)
        guard let value = T(String(decoding: text, as: UTF8.self)), value.isFinite,
            !value.isZero || NumberText.isZero(text)
        else { throw corrupted(at: index, expected: "a number within \(type)", found: "another number") }
        return value
    }
}
