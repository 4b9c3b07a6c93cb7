import FoundationEssentials
import OrderDomain

/// The members of one JSON object, taken one by one; whatever is wrong is told with its path, expected and found.
///
/// ```swift
/// var fields = try Fields(json: body)
/// let quantity = try fields.integer("quantity")
/// try fields.end()  // nothing else may be there
/// ```
struct Fields {
    private let path: String
    private var rest: [JSONValue.Member]
    private var allowed: [String] = []

    /// Parses a text that must be one object.
    init(json bytes: [UInt8]) throws(FieldProblem) {
        let value: JSONValue
        do throws(JSONParser.Malformed) { value = try JSONParser.parse(bytes) } catch {
            throw FieldProblem(
                code: .malformedJSON, field: nil, message: "malformed JSON at byte \(error.place): \(error.problem)")
        }
        try self.init(value, at: "")
    }

    private init(_ value: JSONValue, at path: String) throws(FieldProblem) {
        guard case .object(let members) = value else {
            throw FieldProblem(
                code: .wrongType, field: path.isEmpty ? nil : path,
                message: "expected an object, found \(value.excerpt)")
        }
        self.path = path
        rest = members
    }

    mutating func string(_ name: String) throws(FieldProblem) -> String {
        let value = try required(name, "a string")
        guard case .string(let text) = value else { throw wrongType(name, "a string", value) }
        return text
    }

    mutating func integer(_ name: String) throws(FieldProblem) -> Int {
        let value = try required(name, "a whole number")
        guard case .number(let literal) = value, let integer = Int(literal) else {
            throw wrongType(name, "a whole number of at most 64 bits", value)
        }
        return integer
    }

    mutating func time(_ name: String) throws(FieldProblem) -> Date {
        guard let time = try optionalTime(name) else { throw missing(name, "a time") }
        return time
    }

    mutating func optionalTime(_ name: String) throws(FieldProblem) -> Date? {
        guard let value = take(name) else { return nil }
        let expected = "a time such as \"2026-10-25T10:00:00Z\""
        guard case .string(let text) = value else { throw wrongType(name, expected, value) }
        guard let time = Timestamp.parse(text) else {
            throw invalid(name, "expected \(expected), found \(value.excerpt)")
        }
        guard OrderDetails.plausibleTimes.contains(time) else {
            throw invalid(name, "expected a time from 2000 to 2099, found \(value.excerpt)")
        }
        return time
    }

    /// An array of objects, each read by `read`.
    mutating func objects<Element>(
        _ name: String, _ read: (inout Fields) throws(FieldProblem) -> Element
    ) throws(FieldProblem) -> [Element] {
        let value = try required(name, "an array")
        guard case .array(let elements) = value else { throw wrongType(name, "an array", value) }
        var results: [Element] = []
        for (index, element) in elements.enumerated() {
            var fields = try Fields(element, at: "\(path(of: name))[\(index)]")
            results.append(try read(&fields))
            try fields.end()
        }
        return results
    }

    /// Whether a member of this name is left.
    func has(_ name: String) -> Bool { rest.contains { $0.name == name } }

    /// Refuses what has not been taken.
    func end() throws(FieldProblem) {
        guard let unknown = rest.first else { return }
        throw FieldProblem(
            code: .unknownField, field: path(of: unknown.name),
            message: "expected only \(allowed.joined(separator: ", ")), found \(unknown.name.excerpt)")
    }

    /// A rule of the domain that this object breaks, told with the whole path.
    func problem(_ flaw: OrderFlaw) -> FieldProblem {
        FieldProblem(path.isEmpty ? flaw : flaw.within(path))
    }

    func invalid(_ name: String, _ message: String) -> FieldProblem {
        FieldProblem(code: .invalidValue, field: path(of: name), message: message)
    }

    private mutating func take(_ name: String) -> JSONValue? {
        allowed.append(name)
        guard let index = rest.firstIndex(where: { $0.name == name }) else { return nil }
        return rest.remove(at: index).value
    }

    private mutating func required(_ name: String, _ expected: String) throws(FieldProblem) -> JSONValue {
        guard let value = take(name) else { throw missing(name, expected) }
        return value
    }

    private func missing(_ name: String, _ expected: String) -> FieldProblem {
        FieldProblem(code: .missingField, field: path(of: name), message: "expected \(expected), found nothing")
    }

    private func wrongType(_ name: String, _ expected: String, _ found: JSONValue) -> FieldProblem {
        FieldProblem(
            code: .wrongType, field: path(of: name), message: "expected \(expected), found \(found.excerpt)")
    }

    private func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}
