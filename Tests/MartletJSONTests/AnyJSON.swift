/// Any JSON, decoded by asking the decoder for one type after the other.
enum AnyJSON: Codable, Equatable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([AnyJSON])
    case object([String: AnyJSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .int(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else if var elements = try? decoder.unkeyedContainer() {
            var array: [AnyJSON] = []
            while !elements.isAtEnd { array.append(try elements.decode(AnyJSON.self)) }
            self = .array(array)
        } else {
            self = .object(try container.decode([String: AnyJSON].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension AnyJSON {
    /// A tree of random values, with the awkward ones well represented.
    static func random(depth: Int, using generator: inout SplitMix64) -> AnyJSON {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 5), using: &generator) {
        case 0: .null
        case 1: .bool(.random(using: &generator))
        case 2: .int(randomInteger(using: &generator))
        case 3: .double(randomDouble(using: &generator))
        case 4: .string(randomString(using: &generator))
        case 5, 6: .array(randomElements(depth: depth, using: &generator))
        default: .object(randomMembers(depth: depth, using: &generator))
        }
    }

    static func randomInteger(using generator: inout SplitMix64) -> Int64 {
        let edges: [Int64] = [0, 1, -1, .max, .min, 1 << 53, 999_999_999_999_999_999, 1_000_000_000_000_000_000]
        return generator.chance(1, in: 3)
            ? generator.element(of: edges) : Int64.random(in: -9_999...9_999, using: &generator)
    }

    /// Never a whole number, which would come back as an integer.
    static func randomDouble(using generator: inout SplitMix64) -> Double {
        let double = Double(bitPattern: generator.next())
        guard double.isFinite, double.isNormal, abs(double) < 1, generator.chance(1, in: 2) else {
            return Double(Int.random(in: -99_999...99_999, using: &generator)) + 0.25
        }
        return double
    }

    static func randomString(using generator: inout SplitMix64) -> String {
        let pieces = [
            "a", "key", "\"", "\\", "/", "\u{1}", "\u{1F}", "\n", "\u{7F}", "é", "日本", "👩‍🚀", "\u{2028}", "\u{FFFF}",
            "\u{10FFFF}",
        ]
        return (0..<Int.random(in: 0...12, using: &generator)).map { _ in generator.element(of: pieces) }.joined()
    }

    private static func randomElements(depth: Int, using generator: inout SplitMix64) -> [AnyJSON] {
        (0..<Int.random(in: 0...5, using: &generator)).map { _ in random(depth: depth - 1, using: &generator) }
    }

    private static func randomMembers(depth: Int, using generator: inout SplitMix64) -> [String: AnyJSON] {
        var members: [String: AnyJSON] = [:]
        for _ in 0..<Int.random(in: 0...6, using: &generator) {
            members[randomString(using: &generator)] = random(depth: depth - 1, using: &generator)
        }
        return members
    }
}
