import FoundationEssentials

extension PayloadWriter {
    /// Writes one element, with `write` doing the value. Nothing may throw between the first byte and the last.
    @inline(__always)
    func element(_ place: Place, _ key: String?, _ write: (PayloadWriter) -> Void) throws {
        guard reaches(place) else { return try splice(place, key) { write($0) } }
        beginElement(key)
        write(self)
    }

    /// Writes an element of any type. If that throws, the element is as if it had never begun.
    func element<T: Encodable>(_ value: T, _ place: Place, _ key: String?) throws {
        guard reaches(place) else { return try splice(place, key) { try $0.value(value) } }
        let mark = Mark(self)
        beginElement(key)
        do {
            try self.value(value)
        } catch {
            rollBack(to: mark, depth: Int(place.depth) + 1, error)
            throw error
        }
    }

    /// Writes a number, unless JSON has none for it.
    @inline(__always)
    func element(_ value: Double, _ place: Place, _ key: String?) throws {
        guard value.isFinite else { throw notFinite(value, elementPath(place, key)) }
        try element(place, key) { $0.write(value) }
    }

    @inline(__always)
    func element(_ value: Float, _ place: Place, _ key: String?) throws {
        guard value.isFinite else { throw notFinite(value, elementPath(place, key)) }
        try element(place, key) { $0.write(value) }
    }

    /// Writes a value of any type at the end of the bytes. Called without specialisation; see `PayloadDocument.value`.
    func value<T: Encodable>(_ value: T) throws {
        if try writeDirectly(value) { return }
        let place = newPlace(State.empty)
        pending = place.id
        try encode(value, at: place)
        if pending == place.id { settle(frames.count) }
    }

    /// Lets `value` write itself at `place`, which may be its own or that of a value around it.
    func encode<T: Encodable>(_ value: T, at place: Place) throws {
        guard frames.count < options.maximumDepth || place.depth == 0, nesting / 4 < options.maximumDepth else {
            throw tooDeep(place)
        }
        nesting += 1
        defer { nesting -= 1 }
        try value.encode(to: PayloadValueEncoder(writer: self, place: place))
    }

    /// Writes the types that need no encoder. A comparison of metatypes proves each cast.
    func writeDirectly<T>(_ value: T) throws -> Bool {
        if T.self == String.self {
            write(unsafeBitCast(value, to: String.self))
        } else if T.self == Int.self {
            write(unsafeBitCast(value, to: Int.self))
        } else if T.self == Double.self {
            try writeFinite(unsafeBitCast(value, to: Double.self))
        } else {
            return try writeFoundationType(value)
        }
        return true
    }

    private func writeFoundationType<T>(_ value: T) throws -> Bool {
        if T.self == UUID.self {
            UUIDText.write(unsafeBitCast(value, to: UUID.self), to: openString(UUIDText.length))
            closeString(UUIDText.length)
        } else if T.self == Date.self {
            try write(unsafeBitCast(value, to: Date.self))
        } else if T.self == Decimal.self {
            try write(unsafeBitCast(value, to: Decimal.self))
        } else if T.self == Data.self, options.data == .base64 {
            write(unsafeBitCast(value, to: Data.self).base64EncodedString())
        } else if T.self == URL.self {
            write(unsafeBitCast(value, to: URL.self).absoluteString)
        } else {
            return false
        }
        return true
    }

    private func writeFinite(_ number: Double) throws {
        guard number.isFinite else { throw notFinite(number, endPath()) }
        write(number)
    }

    private func write(_ date: Date) throws {
        switch options.dates {
        case .secondsSince1970: try writeFinite(date.timeIntervalSince1970)
        case .millisecondsSince1970: try writeFinite(date.timeIntervalSince1970 * 1000)
        case .iso8601:
            guard let microseconds = DateText.microseconds(date) else {
                // Not the date itself: Foundation traps when it describes one that is too far away.
                let seconds = date.timeIntervalSince1970
                throw invalid(seconds, endPath(), "expected a date of the years 0001 to 9999, found another")
            }
            DateText.write(microseconds, to: openString(DateText.length))
            closeString(DateText.length)
        }
    }

    private func write(_ decimal: Decimal) throws {
        guard decimal.isFinite else { throw notFinite(decimal, endPath()) }
        writeNumber(decimal.description)
    }
}
