import Foundation
import MartletJSON
import Testing

struct DateTests {
    private func write(_ date: Date) throws -> String {
        String(decoding: try PayloadEncoder().encode(date), as: UTF8.self)
    }

    private func read(_ text: String) throws -> Date {
        try PayloadDecoder().decode(Date.self, from: Array("\"\(text)\"".utf8))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"), (0.25, "1970-01-01T00:00:00.250000Z"),
        (-0.000001, "1969-12-31T23:59:59.999999Z"),
        (951_782_400, "2000-02-29T00:00:00.000000Z"), (-2_203_891_200, "1900-03-01T00:00:00.000000Z"),
        (-62_135_596_800, "0001-01-01T00:00:00.000000Z"), (253_402_300_799, "9999-12-31T23:59:59.000000Z"),
        (1_795_235_671.25, "2026-11-21T04:34:31.250000Z"),
    ])
    func `a date is written in ISO 8601 and read back`(_ seconds: Double, _ text: String) throws {
        let date = Date(timeIntervalSince1970: seconds)
        #expect(try write(date) == "\"\(text)\"")
        #expect(abs(try read(text).timeIntervalSince(date)) < 0.000_000_5)
    }

    @Test(arguments: 0..<50)
    func `whole seconds agree with Foundation and microseconds survive exactly`(_ seed: Int) throws {
        var generator = SplitMix64(seed: UInt64(seed))
        let theirs = JSONDecoder()
        theirs.dateDecodingStrategy = .iso8601
        for _ in 0..<20 {
            // Before 1582 Foundation counts by the Julian calendar.
            let seconds = Int.random(in: -12_219_292_800..<253_402_300_800, using: &generator)
            let text = try write(Date(timeIntervalSince1970: Double(seconds))).replacing(".000000", with: "")
            #expect(try theirs.decode(Date.self, from: Data(text.utf8)).timeIntervalSince1970 == Double(seconds))
            let micros = Int.random(in: -900_000_000_000_000...900_000_000_000_000, using: &generator)
            let date = Date(timeIntervalSinceReferenceDate: Double(micros) / 1e6)
            #expect(try PayloadDecoder().decode(Date.self, from: PayloadEncoder().encode(date)) == date)
        }
    }

    @Test func `every day of four centuries is the day after the one before`() throws {
        let day = 86_400.0
        var previous = ""
        for number in stride(from: -719_162.0, to: -719_162 + 146_097, by: 1) {
            let date = Date(timeIntervalSince1970: number * day)
            let text = try write(date)
            #expect(text > previous)
            #expect(try PayloadDecoder().decode(Date.self, from: Array(text.utf8)) == date)
            previous = text
        }
        #expect(previous == "\"0400-12-31T00:00:00.000000Z\"")
    }

    @Test(arguments: [
        ("2026-11-21T04:34:31Z", 0.0), ("2026-11-21T04:34:31.5Z", 0.5), ("2026-11-21T06:34:31+02:00", 0),
        ("2026-11-20T23:04:31-05:30", 0),
        ("2026-11-21T04:34:31.123456789Z", 0.123456789),
    ])
    func `offsets and other precisions are read`(_ text: String, _ fraction: Double) throws {
        #expect(abs(try read(text).timeIntervalSince1970 - 1_795_235_671 - fraction) < 0.000_000_3)
    }

    @Test(arguments: [
        "", "2026", "2026-11-21", "2026-11-21T04:34:31", "2026-11-21 04:34:31Z", "2026-13-21T04:34:31Z",
        "2026-00-21T04:34:31Z",
        "2026-02-29T04:34:31Z", "1900-02-29T04:34:31Z", "2026-11-00T04:34:31Z", "2026-11-31T04:34:31Z",
        "2026-11-21T24:34:31Z",
        "2026-11-21T04:60:31Z", "2026-11-21T04:34:60Z", "2026-11-21T04:34:31.Z", "2026-11-21T04:34:31.1234567890Z",
        "2026-11-21T04:34:31+0200",
        "2026-11-21T04:34:31+24:00", "2026-11-21T04:34:31Zx", "２026-11-21T04:34:31Z", "-026-11-21T04:34:31Z",
    ])
    func `what is no date is an error`(_ text: String) {
        #expect(throws: DecodingError.self) { try read(text) }
    }

    @Test(arguments: [-62_135_596_800.001, 253_402_300_800, 253_402_300_799.9999999, 1e300])
    func `a date without a four-digit year is not written`(_ seconds: Double) {
        #expect(throws: EncodingError.self) { try write(Date(timeIntervalSince1970: seconds)) }
    }

    @Test func `a date too far away for a number of milliseconds is not written`() {
        #expect(throws: EncodingError.self) {
            let date = Date(timeIntervalSinceReferenceDate: .greatestFiniteMagnitude)
            return try PayloadEncoder(dates: .millisecondsSince1970).encode(date)
        }
    }

    @Test func `numbers of seconds and milliseconds agree with Foundation`() throws {
        let date = Date(timeIntervalSince1970: 1_795_235_671.25)
        let theirs = JSONEncoder()
        theirs.dateEncodingStrategy = .secondsSince1970
        #expect(try PayloadEncoder(dates: .secondsSince1970).encode([date]) == Array(try theirs.encode([date])))
        theirs.dateEncodingStrategy = .millisecondsSince1970
        #expect(try PayloadEncoder(dates: .millisecondsSince1970).encode([date]) == Array(try theirs.encode([date])))
        for strategy in [PayloadDateStrategy.secondsSince1970, .millisecondsSince1970] {
            let bytes = try PayloadEncoder(dates: strategy).encode(date)
            #expect(try PayloadDecoder(dates: strategy).decode(Date.self, from: bytes) == date)
        }
    }
}
