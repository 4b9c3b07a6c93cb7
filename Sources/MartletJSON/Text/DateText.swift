import FoundationEssentials

/// Dates as `2026-11-21T04:34:31.250000Z`, in the proleptic Gregorian calendar.
enum DateText {
    static let length = 27

    /// The date written as `text`, or nil: RFC 3339 with a `T`, none to nine decimals, and `Z` or an offset.
    static func date(_ text: UnsafeRawBufferPointer) -> Date? {
        if text.count == length, let date = fixedDate(text) { return date }
        var reader = DateReader(text: text)
        guard let year = reader.number(4, then: "-"), let month = reader.number(2, then: "-"),
            let day = reader.number(2, then: "T"), let hour = reader.number(2, then: ":"),
            let minute = reader.number(2, then: ":"), let second = reader.number(2),
            let nanoseconds = reader.fraction(), let offset = reader.offset(), reader.isAtEnd,
            let seconds = seconds(year, month, day, hour, minute, second)
        else { return nil }
        return Date(timeIntervalSinceReferenceDate: interval(seconds - offset, nanoseconds))
    }

    /// The date written by `write`, where every digit has its place; nil when it is written otherwise.
    private static func fixedDate(_ text: UnsafeRawBufferPointer) -> Date? {
        var isWrong: UInt8 = 0
        func digits(_ places: Range<Int>) -> Int {
            var number = 0
            for place in places {
                let digit = text[place] &- 0x30
                isWrong |= digit > 9 ? 1 : 0
                number = number &* 10 &+ Int(digit)
            }
            return number
        }
        let (year, month, day) = (digits(0..<4), digits(5..<7), digits(8..<10))
        let (hour, minute, second) = (digits(11..<13), digits(14..<16), digits(17..<19))
        let microseconds = digits(20..<26)
        isWrong |= text[4] ^ UInt8(ascii: "-") | text[7] ^ UInt8(ascii: "-") | text[10] ^ UInt8(ascii: "T")
        isWrong |= text[13] ^ UInt8(ascii: ":") | text[16] ^ UInt8(ascii: ":") | text[19] ^ UInt8(ascii: ".")
        isWrong |= text[26] ^ UInt8(ascii: "Z")
        guard isWrong == 0, let seconds = seconds(year, month, day, hour, minute, second) else { return nil }
        return Date(timeIntervalSinceReferenceDate: interval(seconds, microseconds * 1_000))
    }

    /// Seconds since 2001, or nil when there is no such day or time.
    private static func seconds(
        _ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int
    ) -> Int? {
        guard (1...12).contains(month), day >= 1, day <= CivilCalendar.days(in: month, of: year),
            hour < 24, minute < 60, second < 60
        else { return nil }
        let days = CivilCalendar.days(sinceReferenceTo: year, month, day)
        return days * 86_400 + hour * 3_600 + minute * 60 + second
    }

    /// Whole microseconds are divided once, so that the nearest `Double` results.
    private static func interval(_ seconds: Int, _ nanoseconds: Int) -> Double {
        guard nanoseconds.isMultiple(of: 1_000) else { return Double(seconds) + Double(nanoseconds) / 1e9 }
        return Double(seconds * 1_000_000 + nanoseconds / 1_000) / 1e6
    }

    /// The microseconds of `date` since 2001, or nil when its year has not four digits.
    static func microseconds(_ date: Date) -> Int? {
        let seconds = date.timeIntervalSinceReferenceDate
        guard seconds >= -63_113_904_000, seconds < 252_423_993_600 else { return nil }
        let whole = seconds.rounded(.down)
        let microseconds = Int(whole) * 1_000_000 + Int(((seconds - whole) * 1e6).rounded())
        return microseconds < 252_423_993_600_000_000 ? microseconds : nil
    }

    /// Writes the `length` characters of a date.
    static func write(_ microseconds: Int, to output: UnsafeMutablePointer<UInt8>) {
        let (seconds, fraction) = CivilCalendar.floorDivide(microseconds, by: 1_000_000)
        let (days, time) = CivilCalendar.floorDivide(seconds, by: 86_400)
        let (year, month, day) = CivilCalendar.date(daysSinceReference: days)
        var end = output
        put(year, digits: 4, then: "-", &end)
        put(month, digits: 2, then: "-", &end)
        put(day, digits: 2, then: "T", &end)
        put(time / 3_600, digits: 2, then: ":", &end)
        put(time / 60 % 60, digits: 2, then: ":", &end)
        put(time % 60, digits: 2, then: ".", &end)
        put(fraction, digits: 6, then: "Z", &end)
    }

    @inline(__always)
    private static func put(
        _ number: Int, digits: Int, then mark: Unicode.Scalar, _ end: inout UnsafeMutablePointer<UInt8>
    ) {
        var rest = number
        for index in stride(from: digits - 1, through: 0, by: -1) {
            end[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        end[digits] = UInt8(ascii: mark)
        end += digits + 1
    }
}

/// Takes the parts of a date off its text, front to back.
private struct DateReader {
    let text: UnsafeRawBufferPointer
    private var position = 0

    init(text: UnsafeRawBufferPointer) { self.text = text }

    var isAtEnd: Bool { position == text.count }
    private var current: UInt8 { position < text.count ? text[position] : 0 }

    mutating func number(_ digits: Int, then mark: Unicode.Scalar) -> Int? {
        guard let number = number(digits), current == UInt8(ascii: mark) else { return nil }
        position += 1
        return number
    }

    mutating func number(_ digits: Int) -> Int? {
        var number = 0
        for _ in 0..<digits {
            guard current &- 0x30 < 10 else { return nil }
            number = number * 10 + Int(current - 0x30)
            position += 1
        }
        return number
    }

    /// Nanoseconds; 0 without a decimal point.
    mutating func fraction() -> Int? {
        guard current == UInt8(ascii: ".") else { return 0 }
        position += 1
        var nanoseconds = 0
        var unit = 100_000_000
        guard current &- 0x30 < 10 else { return nil }
        while current &- 0x30 < 10 {
            guard unit > 0 else { return nil }
            nanoseconds += Int(current - 0x30) * unit
            unit /= 10
            position += 1
        }
        return nanoseconds
    }

    /// Seconds east of Greenwich.
    mutating func offset() -> Int? {
        let sign = current
        position += 1
        if sign == UInt8(ascii: "Z") { return 0 }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), let hours = number(2, then: ":"),
            let minutes = number(2), hours < 24, minutes < 60
        else { return nil }
        let seconds = hours * 3_600 + minutes * 60
        return sign == UInt8(ascii: "+") ? seconds : -seconds
    }
}
