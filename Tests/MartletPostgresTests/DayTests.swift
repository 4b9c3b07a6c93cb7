import Foundation
import MartletPostgres
import MartletTesting
import Testing

struct DayTests {
    @Test(arguments: [
        ("0001-01-01", -719_162), ("1969-12-31", -1), ("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-10-25", 20_751),
        ("9999-12-31", 2_932_896),
    ])
    func `a day is its number, and its text`(text: String, number: Int32) throws {
        let day = try #require(Day(text))
        #expect(day.number == number)
        #expect("\(day)" == text)
        #expect(Day(number: number) == day)
    }

    @Test func `every day of four centuries comes back from its parts`() {
        for number in Int32(0)..<146_097 {
            let day = Day(number: number)
            guard let day, Day(year: day.year, month: day.month, day: day.day) == day else {
                Issue.record("\(number)")
                return
            }
        }
    }

    @Test(arguments: [
        "2026-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "+026-01-01", "0000-01-01", "", "2026-01-00",
    ])
    func `what is no day is none`(text: String) {
        #expect(Day(text) == nil)
    }

    @Test func `the day of a time is that in UTC`() {
        #expect(Day(utc: Date(timeIntervalSince1970: -0.5)) == Day("1969-12-31"))
        #expect(Day(utc: Date(timeIntervalSince1970: 86_399.9)) == Day("1970-01-01"))
        #expect(Day(utc: .init(timeIntervalSince1970: 1e15)) == nil)
        #expect(Day(utc: .init(timeIntervalSince1970: .nan)) == nil)
    }

    @Test(.tags(.database)) func `a day and PostgreSQL's date are the same`() async throws {
        let connection = try await Connection.open(.environment)
        let days = try ["0001-01-01", "1999-12-31", "2000-01-01", "2026-10-25"].map { try #require(Day($0)) }
        let row = try await connection.query(
            "SELECT \(days)::text, ARRAY(SELECT d FROM unnest(\(days)) d), 'infinity'::date, '10000-01-01'::date")[0]
        #expect(try row.decode("text", as: String.self) == "{0001-01-01,1999-12-31,2000-01-01,2026-10-25}")
        #expect(try row.decode("array", as: [Day].self) == days)
        #expect(throws: PostgresDecodingError.self) { try row.decode("date", as: Day.self) }
    }
}

private enum Size: String, PostgresCodable {
    case small = "s"
    case large = "l"
}

private enum Step: Int, PostgresCodable {
    case first = 1
    case second = 2
}

@Suite(.tags(.database)) struct RawValueTests {
    @Test func `an enum is stored as its raw value, and no other is read`() async throws {
        let connection = try await Connection.open(.environment)
        let row = try await connection.query("SELECT \(Size.large), \(Step.second), 's', 9::int8")[0]
        #expect(throws: PostgresDecodingError.self) { try row.decode(Size.self, Step.self, Size.self, Step.self) }
        let (size, step, other, number) = try row.decode(Size.self, Step.self, Size.self, Int.self)
        #expect((size, step, other, number) == (.large, .second, .small, 9))
    }
}
