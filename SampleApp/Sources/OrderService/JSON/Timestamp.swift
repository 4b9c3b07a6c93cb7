import FoundationEssentials

/// Times as RFC 3339 writes them, such as `2026-10-25T10:00:00.5+02:00`.
enum Timestamp {
    /// Nil when the text is no time: a day that the month does not have is none, an hour of 24 neither.
    ///
    /// Digits behind the microsecond are dropped; a leap second is not taken.
    static func parse(_ text: String) -> Date? {
        var scanner = Scanner(bytes: Array(text.utf8)[...])
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2), scanner.skip("-"),
            let day = scanner.number(2), scanner.skip("T", "t"),
            let hour = scanner.number(2), scanner.skip(":"), let minute = scanner.number(2), scanner.skip(":"),
            let second = scanner.number(2), let microseconds = scanner.fraction(), let offset = scanner.offset(),
            scanner.bytes.isEmpty, (1...12).contains(month), (1...length(of: month, in: year)).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        let seconds = ((dayNumber(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 + second
        return Date(timeIntervalSince1970: Double(seconds) + Double(microseconds) / 1_000_000)
    }

    /// In UTC, to the microsecond, with as many decimals as are needed: none, three or six.
    static func text(_ time: Date) -> String {
        let microseconds = (time.timeIntervalSince1970 * 1_000_000).rounded()
        let seconds = (microseconds / 1_000_000).rounded(.down)
        let whole = Date(timeIntervalSince1970: seconds).formatted(.iso8601)
        let rest = Int(microseconds - seconds * 1_000_000)
        guard rest > 0 else { return whole }
        let (fraction, places) = rest.isMultiple(of: 1000) ? (rest / 1000, 3) : (rest, 6)
        let digits = String(fraction)
        return "\(whole.dropLast()).\(String(repeating: "0", count: places - digits.count))\(digits)Z"
    }

    private static func length(of month: Int, in year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 in the Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let yearOfEra = year % 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return year / 400 * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

private struct Scanner {
    var bytes: ArraySlice<UInt8>

    mutating func number(_ length: Int) -> Int? {
        let digits = bytes.prefix(length)
        guard digits.count == length, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        bytes = bytes.dropFirst(length)
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    mutating func skip(_ characters: Unicode.Scalar...) -> Bool {
        guard let first = bytes.first, characters.contains(Unicode.Scalar(first)) else { return false }
        bytes = bytes.dropFirst()
        return true
    }

    /// Microseconds; 0 without a point, nil when no digit follows one.
    mutating func fraction() -> Int? {
        guard skip(".") else { return 0 }
        let digits = bytes.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty else { return nil }
        bytes = bytes.dropFirst(digits.count)
        let six = digits.prefix(6)
        return six.reduce(0) { $0 * 10 + Int($1 - 0x30) } * [1, 100_000, 10_000, 1000, 100, 10, 1][six.count]
    }

    /// Minutes ahead of UTC.
    mutating func offset() -> Int? {
        if skip("Z", "z") { return 0 }
        let isAhead = bytes.first == UInt8(ascii: "+")
        guard skip("+", "-"), let hours = number(2), skip(":"), let minutes = number(2), hours < 24, minutes < 60 else {
            return nil
        }
        return (isAhead ? 1 : -1) * (hours * 60 + minutes)
    }
}
