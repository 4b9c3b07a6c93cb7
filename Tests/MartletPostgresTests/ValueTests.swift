import Foundation
import MartletTesting
import Testing

@testable import MartletPostgres

@Suite(.tags(.database)) struct ValueTests {
    private func comesBack<Value: PostgresCodable & Equatable>(_ values: [Value]) async throws {
        try await withConnection { connection async throws in
            for value in values {
                let found: Value = try await connection.value("SELECT \(value)")
                #expect(found == value)
            }
            let missing: Value? = try await connection.value("SELECT \(Value?.none)")
            #expect(missing == nil)
            for list in [values, []] {
                let found: [Value] = try await connection.value("SELECT \(list)")
                #expect(found == list)
            }
            let gaps = values.map { Optional($0) } + [nil]
            let found: [Value?] = try await connection.value("SELECT \(gaps)")
            #expect(found == gaps)
        }
    }

    @Test func `integers come back to their limits`() async throws {
        try await comesBack([Int.min, -1, 0, 1, Int.max])
        try await comesBack([Int64.min, 0, Int64.max])
        try await comesBack([Int32.min, 0, Int32.max])
        try await comesBack([Int16.min, 0, Int16.max])
    }

    @Test func `floating-point numbers come back bit by bit`() async throws {
        try await comesBack([0.1, -.infinity, Double.greatestFiniteMagnitude, .leastNonzeroMagnitude])
        try await comesBack([Float(0.1), .infinity, .leastNonzeroMagnitude])
        try await withConnection { connection async throws in
            #expect(try await connection.value("SELECT \(Double.nan)", as: Double.self).isNaN)
        }
    }

    @Test func `text, bytes, booleans and identifiers come back`() async throws {
        try await comesBack(["", "o'brien", "日本 \u{1F600}", "a\\b\"{},"])
        try await comesBack([true, false])
        try await comesBack([UUID(), UUID()])
        try await comesBack([Data(), Data([0, 255, 39, 92])])
    }

    @Test func `json comes back byte by byte`() async throws {
        try await withConnection { connection async throws in
            let json = JSON(bytes: Array(#"{"b" : 1.0e3,"a":[] }"#.utf8))
            #expect(try await connection.value("SELECT \(json)") == json)
            #expect(try await connection.value("SELECT \([json, json])") == [json, json])
            #expect(try await connection.value("SELECT '[1]'::jsonb", as: JSON.self) == JSON(bytes: Array("[1]".utf8)))
        }
    }

    @Test func `dates come back to the microsecond`() async throws {
        let dates = [0, 1, -1, 820_454_400.123456, -978_307_200].map { Date(timeIntervalSinceReferenceDate: $0) }
        try await withConnection { connection async throws in
            for date in dates {
                let found = try await connection.value("SELECT \(date)", as: Date.self)
                #expect(abs(found.timeIntervalSince(date)) < 0.000_001)
            }
            #expect(
                try await connection.value("SELECT '2026-10-03T08:12:44Z'::timestamptz", as: Date.self)
                    == Date(timeIntervalSince1970: 1_791_015_164))
            #expect(try await connection.value("SELECT 'infinity'::timestamptz", as: Date.self) == .distantFuture)
        }
    }

    @Test(arguments: [Double.infinity, -.infinity, .nan, 1e300])
    func `a date beyond PostgreSQL's range is an error`(seconds: Double) async throws {
        try await withConnection { connection async throws in
            let error = await #expect(throws: PostgresError.self) {
                try await connection.query("SELECT \(Date(timeIntervalSinceReferenceDate: seconds))")
            }
            #expect(error?.sqlState == .datetimeFieldOverflow)
        }
    }

    @Test func `a column of another type is an error that names column, expected and found`() async throws {
        try await withConnection { connection async throws in
            let row = try await connection.query("SELECT 1.5::numeric AS total, NULL::int8 AS nothing, 70000 AS big")[0]
            #expect(throws: PostgresDecodingError(column: "total", problem: "expected an integer, found numeric")) {
                try row.decode("total", as: Int.self)
            }
            #expect(throws: PostgresDecodingError(column: "nothing", problem: "expected a value, found NULL")) {
                try row.decode("nothing", as: Int.self)
            }
            #expect(throws: PostgresDecodingError(column: "big", problem: "70000 does not fit Int16")) {
                try row.decode("big", as: Int16.self)
            }
            #expect(throws: PostgresDecodingError(column: "*", problem: "expected 1 columns, found 3")) {
                try row.decode(Int.self)
            }
        }
    }

    @Test func `interpolated values are bound, never part of the text`() {
        let (name, list) = ("'; DROP TABLE x; --", [1, 2])
        let filter: SQL = "name = \(name)"
        let sql: SQL = "SELECT 1 FROM \(SQLIdentifier("t")) WHERE \(filter) AND id = ANY(\(list))"
        #expect(sql.text == #"SELECT 1 FROM "t" WHERE name = $1 AND id = ANY($2)"#)
    }

    @Test(arguments: ["", "1a", "A", "a b", "a\"b", "a;", "ä", String(repeating: "a", count: 64)])
    func `an identifier beyond the allow-list is refused`(name: String) {
        #expect(throws: SQLIdentifier.Invalid(name: name)) { try SQLIdentifier(name) }
    }
}
