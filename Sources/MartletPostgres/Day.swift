public import FoundationEssentials

/// A day of the Gregorian calendar, without a time or a place: PostgreSQL's `date`.
///
/// Coded, and read from a text, as ISO 8601 has it: `2026-10-25`. From the year 1 to 9999, as that form can tell.
public struct Day: Hashable, Sendable {
    /// Days since 1970-01-01.
    public let number: Int32

    static let range: ClosedRange<Int32> = -719_162...2_932_896

    /// - Parameter number: days since 1970-01-01; nil when that is outside the years 1 to 9999.
    public init?(number: Int32) {
        guard Self.range.contains(number) else { return nil }
        self.number = number
    }

    /// Nil when there is no such day.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        number = Self.number(year, month, day)
        guard self.year == year, self.month == month, self.day == day else { return nil }
    }

    /// The day on which a time lies in UTC; nil outside the years 1 to 9999.
    public init?(utc time: Date) {
        guard let number = Int32(exactly: (time.timeIntervalSince1970 / 86_400).rounded(.down)) else { return nil }
        self.init(number: number)
    }

    public var year: Int { civil.year }
    public var month: Int { civil.month }
    public var day: Int { civil.day }

    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": days_from_civil and civil_from_days, with years
    // that begin in March, so that the leap day is their last.
    private static func number(_ year: Int, _ month: Int, _ day: Int) -> Int32 {
        let marchYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = (marchYear / 400, marchYear % 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return Int32(era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468)
    }

    private var civil: (year: Int, month: Int, day: Int) {
        let days = Int(number) + 719_468
        let (era, dayOfEra) = (days / 146_097, days % 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}

extension Day: Comparable {
    public static func < (left: Day, right: Day) -> Bool { left.number < right.number }
}

extension Day: LosslessStringConvertible {
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2], text.utf8.allSatisfy({ $0 == 45 || (48...57).contains($0) }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    public var description: String {
        let (year, month, day) = civil
        return "\(Self.padded(year, to: 4))-\(Self.padded(month, to: 2))-\(Self.padded(day, to: 2))"
    }

    private static func padded(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: width - digits.utf8.count) + digits
    }
}

extension Day: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let day = Day(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected a day such as 2026-10-25, found \"\(text)\"")
        }
        self = day
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Day: PostgresCodable {
    public static var postgresType: PostgresType { .date }

    /// PostgreSQL counts days from 2000-01-01.
    private static let epochDifference: Int32 = 10_957

    public func encode(into buffer: inout [UInt8]) throws(PostgresError) {
        buffer.append(bigEndian: number - Self.epochDifference)
    }

    public init(field: PostgresField) throws(PostgresField.Flaw) {
        guard field.type == .date else { throw .type(expected: "date", found: field.type) }
        let (number, isBeyond) = try field.integer(Int32.self).addingReportingOverflow(Self.epochDifference)
        guard !isBeyond, let day = Day(number: number) else {
            throw .malformed("expected a date from the year 1 to 9999, found another")
        }
        self = day
    }
}
