import Foundation
import MartletJSON
import Testing

struct ScalarTests {
    private let encoder = PayloadEncoder()
    private let decoder = PayloadDecoder()

    private func read<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
        try decoder.decode(type, from: Array(text.utf8))
    }

    private func write<T: Encodable>(_ value: T) throws -> String {
        String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// The limits of `T` are read, one beyond them is not, and Foundation agrees.
    private func expectLimits<T: FixedWidthInteger & Codable>(_ type: T.Type) throws {
        for value in [T.min, T.max, 0, 1] {
            #expect(try write(value) == "\(value)")
            for box in ["\(value)", "\(value).0", value == 0 ? "0" : "\(value)0e-1", "\(value)e0"] {
                #expect(try read(type, box) == value)
            }
            #expect(try read([T].self, "[\(value)]") == [value])
            #expect(try read([String: T].self, "{\"a\":\(value)}") == ["a": value])
            #expect(try write(["a": [value]]) == "{\"a\":[\(value)]}")
        }
        for beyond in [next("\(T.max)"), T.isSigned ? "-" + next("\(T.max)", by: 2) : "-1", "1e99", "0.5", "1e-400"] {
            #expect(throws: DecodingError.self) { try read(type, beyond) }
        }
        #expect(throws: DecodingError.self) { try read(type, String(repeating: "9", count: 400)) }
        #expect(throws: DecodingError.self) { try read(type, "1e" + String(repeating: "9", count: 400)) }
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(type, from: Data(next("\(T.max)").utf8)) }
    }

    /// The decimal number `steps` above `digits`.
    private func next(_ digits: String, by steps: Int = 1) -> String {
        var carry = steps
        var result: [Character] = []
        for digit in digits.reversed() {
            let sum = (digit.wholeNumberValue ?? 0) + carry
            result.append(Character("\(sum % 10)"))
            carry = sum / 10
        }
        return (carry > 0 ? "\(carry)" : "") + String(result.reversed())
    }

    @Test func `integers are read to their limits and not beyond`() throws {
        try expectLimits(Int.self)
        try expectLimits(Int8.self)
        try expectLimits(Int16.self)
        try expectLimits(Int32.self)
        try expectLimits(Int64.self)
        try expectLimits(UInt.self)
        try expectLimits(UInt8.self)
        try expectLimits(UInt16.self)
        try expectLimits(UInt32.self)
        try expectLimits(UInt64.self)
        try expectLimits(Int128.self)
        try expectLimits(UInt128.self)
    }

    @Test(arguments: [
        "1.0", "1e2", "100e-2", "-0", "-0.0", "12300000e-5", "0e999", "1.5", "0.1", "123e-1", "1E3",
        "1.0000000000000000000",
    ])
    func `a number with a point or exponent is an integer exactly when it is whole`(_ text: String) {
        let expected = try? JSONDecoder().decode(Int.self, from: Data(text.utf8))
        #expect((try? read(Int.self, text)) == expected)
    }

    @Test func `integers beyond the precision of Double are exact where Foundation gives up`() throws {
        #expect(try read(Int64.self, "9223372036854775807.0") == .max)
        #expect(try read(UInt64.self, "1844674407370955161500e-2") == .max)
        #expect(throws: DecodingError.self) { try read(Int.self, "9223372036854775807.5") }
    }

    @Test(arguments: [
        0.0, -0.0, 1, -1, 0.1, 1.5, 100, 1e15, 1e16, 1e20, 1e21, 1e-7, .leastNonzeroMagnitude, .leastNormalMagnitude,
        .greatestFiniteMagnitude, .pi,
        9_007_199_254_740_992, 123_456_789_012_345_683_968, 0.30000000000000004, -1234.5678, 999_999_999_999_999, 1e22,
        1e23, 8.41e21,
    ])
    func `a double is written and read without loss, as Foundation writes it`(_ value: Double) throws {
        let text = try write(value)
        #expect(try read(Double.self, text).bitPattern == value.bitPattern)
        #expect(try JSONDecoder().decode(Double.self, from: Data(text.utf8)).bitPattern == value.bitPattern)
        let theirs = String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
        #expect(try read(Double.self, theirs).bitPattern == value.bitPattern)
    }

    @Test(arguments: 0..<40)
    func `random doubles and floats round-trip to the bit`(_ seed: Int) throws {
        var generator = SplitMix64(seed: UInt64(seed))
        for _ in 0..<50 {
            let double = Double(bitPattern: generator.next())
            if double.isFinite { #expect(try read(Double.self, try write(double)).bitPattern == double.bitPattern) }
            let float = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
            if float.isFinite { #expect(try read(Float.self, try write(float)).bitPattern == float.bitPattern) }
            let short = Double(Int64.random(in: -1 << 53...1 << 53, using: &generator))
            let text = "\(Int64(short))e\(Int.random(in: -25...25, using: &generator))"
            #expect(try read(Double.self, text) == Double(text))
        }
    }

    @Test(arguments: ["1e400", "-1e400", "1e-400", "1e309", "123456789e999999999999999999999"])
    func `a number that no double can hold is an error`(_ text: String) {
        #expect(throws: DecodingError.self) { try read(Double.self, text) }
        #expect(throws: DecodingError.self) { try read(Float.self, text) }
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Double.self, from: Data(text.utf8)) }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `what is not a finite number is not written`(_ value: Double) {
        #expect(throws: EncodingError.self) { try encoder.encode(value) }
        #expect(throws: EncodingError.self) { try encoder.encode([value]) }
        #expect(throws: EncodingError.self) { try encoder.encode(["a": Float(value)]) }
        #expect(throws: EncodingError.self) { try encoder.encode([Date(timeIntervalSince1970: value)]) }
        #expect(throws: EncodingError.self) { try encoder.encode(Decimal.nan) }
    }

    @Test(arguments: [
        "0", "1", "-1", "0.1", "1.10", "123456789012345678901234567890", "0.00000000000000000000000000000000000001",
        "-99999999999999999999999999999999999999",
        "1e30", "12345678901234567890.123456789", "1e-30", "18446744073709551616",
    ])
    func `a decimal is read and written as Foundation does`(_ text: String) throws {
        let value = try read(Decimal.self, text)
        #expect(value == (try JSONDecoder().decode(Decimal.self, from: Data(text.utf8))))
        #expect(try read(Decimal.self, try write(value)) == value)
        #expect(try write(value) == String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
    }

    @Test(arguments: [
        "123456789012345678901234567890123456789", "1.23456789012345678901234567890123456789", "1e200", "\"1\"",
    ])
    func `a decimal that would lose digits is an error`(_ text: String) {
        #expect(throws: DecodingError.self) { try read(Decimal.self, text) }
    }

    @Test func `UUIDs, URLs and data are strings as in Foundation`() throws {
        let uuid = UUID()
        #expect(try write(uuid) == "\"\(uuid.uuidString)\"")
        #expect(try read(UUID.self, "\"\(uuid.uuidString.lowercased())\"") == uuid)
        #expect(throws: DecodingError.self) { try read(UUID.self, "\"\(uuid.uuidString.dropLast())\"") }
        #expect(throws: DecodingError.self) { try read(UUID.self, "\"\(uuid.uuidString.dropLast())g\"") }
        let url = try #require(URL(string: "https://example.org/a?b=c#d"))
        #expect(try write(url) == "\"https://example.org/a?b=c#d\"")
        #expect(try read([URL].self, "[\"https:\\/\\/example.org\\/a?b=c#d\"]") == [url])
        let data = Data([0, 1, 2, 255])
        #expect(try write(["d": data]) == "{\"d\":\"AAEC/w==\"}")
        #expect(try read(Data.self, "\"AAEC\\/w==\"") == data)
        #expect(throws: DecodingError.self) { try read(Data.self, "\"AAEC/w=\"") }
        let numbers = try PayloadEncoder(data: .numbers).encode(data)
        #expect(String(decoding: numbers, as: UTF8.self) == "[0,1,2,255]")
        #expect(try PayloadDecoder(data: .numbers).decode(Data.self, from: numbers) == data)
    }

    @Test(arguments: [
        "", "a", "\"", "\\", "/", "1234567\"", "12345678\"90", "\u{0}\u{1}\u{1F}\u{7F}", "\u{8}\t\n\u{C}\r", "é", "👩‍🚀",
        "\u{2028}\u{FFFF}", "ééééééééé\"é",
    ])
    func `strings are escaped as far as JSON demands`(_ text: String) throws {
        let written = try write(text)
        #expect(written == String(decoding: try slashFree().encode(text), as: UTF8.self))
        #expect(try read(String.self, written) == text)
        #expect(try read([String: Int].self, "{\(written):1}") == [text: 1])
        #expect(try write([text: 1]) == "{\(written):1}")
    }

    private func slashFree() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return encoder
    }

    @Test func `null is a value of optionals only`() throws {
        #expect(try read(Int?.self, "null") == nil)
        #expect(try read([Int?].self, "[null,1]") == [nil, 1])
        for text in ["[null]", "{\"a\":null}"] {
            #expect { try read([Int].self, text) } throws: { error in
                guard case DecodingError.valueNotFound = error else { return text.hasPrefix("{") }
                return true
            }
        }
        #expect(try write([1, nil] as [Int?]) == "[1,null]")
    }
}
