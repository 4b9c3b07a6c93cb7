/// What stops a payload from being read, or a case from being split off, before any `Codable` type has a say.
///
/// Values that are well-formed but do not fit the type being decoded are `DecodingError`s, thrown (and often caught) by
/// the `Codable` types themselves; both name the coding path and the byte offset.
public enum PayloadError: Error, Equatable, Sendable {
    /// The bytes are not JSON (RFC 8259). `offset` counts bytes from 0; `path` reads `items[2].name` and is empty at
    /// the top; `found` names one byte at most, so that no payload leaks into a log.
    case malformed(offset: Int, path: String, expected: String, found: String)

    /// Arrays and objects are nested deeper than the limit at `offset`.
    case tooDeep(offset: Int, limit: Int)

    /// The payload has more bytes than a decoder can address.
    case tooLarge(bytes: Int, limit: Int)

    /// The name a payload was stored under is not the name of a case of `type`.
    case unknownCase(name: String, type: String)

    /// A value of `type` was to be stored as a case, but encodes as `found` and not as one name with one object.
    case notACase(type: String, found: String)
}

extension PayloadError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let offset, let path, let expected, let found):
            let place = path.isEmpty ? "" : ", path \"\(path)\""
            return "payload byte \(offset)\(place): expected \(expected), found \(found)"
        case .tooDeep(let offset, let limit):
            return "payload byte \(offset): expected at most \(limit) nested arrays and objects, found more"
        case .tooLarge(let bytes, let limit):
            return "payload: expected at most \(limit) bytes, found \(bytes)"
        case .unknownCase(let name, let type):
            return "case \"\(name)\": expected a case of \"\(type)\", found none of that name"
        case .notACase(let type, let found):
            return "value of \"\(type)\": expected one case name with one object, found \(found)"
        }
    }
}
