import Foundation
import Martlet
import Testing

struct TableDeclarationTests {
    private func flaw(
        key: [PostgresType] = [.text], _ columns: [ColumnDeclaration], indexes: [TableIndex] = [],
        table: SQLIdentifier = "orders"
    ) -> String? {
        TableDeclaration(table, keyTypes: key, columns: columns, indexes: indexes).flaw
    }

    private let id = ColumnDeclaration(name: "id", type: .text)
    private let total = ColumnDeclaration(name: "total", type: .int8)

    @Test func `a sound declaration has no flaw`() {
        #expect(flaw([id, total], indexes: [.index(on: "total"), .unique(on: "total", "id")]) == nil)
        #expect(flaw(key: [.text, .int8], [id, total]) == nil)
    }

    @Test func `what cannot be a table is said with the table's name and the column's`() {
        #expect(flaw([id, total, total]) == "table \"orders\": expected one column \"total\", found two")
        #expect(
            flaw([total, id])
                == "table \"orders\": expected column \"total\" to be text, as the row's key has it, found int8")
        #expect(flaw(key: [.text, .int8], [id]) == "table \"orders\": expected a key of 2 columns, found 1")
        #expect(
            flaw([ColumnDeclaration(name: "id", type: .text, isOptional: true)])
                == "table \"orders\": expected column \"id\" of the key not to be optional")
        #expect(
            flaw([id, ColumnDeclaration(name: "tags", type: .init(rawValue: 1009))])
                == "table \"orders\": column \"tags\": expected a type that arrays can be made of, found text[]")
    }

    @Test func `what cannot be an index is said, too`() {
        #expect(
            flaw([id], indexes: [.index(on: "status")])
                == "table \"orders\": expected the columns of an index among its own, found \"status\"")
        #expect(
            flaw([id], indexes: [.index(on: "id"), .index(on: "id")])
                == "table \"orders\": expected one index \"orders_id_idx\", found two")
        #expect(
            flaw([id], indexes: [.index()])
                == "table \"orders\": expected an index on a column or more, found one on none")
        let long: SQLIdentifier = "a_name_that_leaves_no_room_for_what_is_put_behind_it"
        #expect(
            flaw([id], indexes: [.index(on: "id", "id", "id")], table: long)?
                .contains("expected names of at most 63 bytes, found index") == true)
    }

    @Test func `comments are quoted, and no reason for a new version`() {
        let plain = TableDeclaration("orders", keyTypes: [.text], columns: [id])
        let commented = TableDeclaration(
            "orders", keyTypes: [.text], columns: [id], comment: "a clerk's \\ view")
        #expect(commented.statements.map(\.text).last == "COMMENT ON TABLE \"orders\" IS E'a clerk''s \\\\ view'")
        func digest(_ table: TableDeclaration) -> String {
            ReadModelTable("orders", statements: table.statements).digestText
        }
        #expect(digest(plain) == digest(commented))
    }

    struct Pair: TableKey {
        let left: String
        let right: String

        static let parts = KeyParts(\Self.left, \.right)
    }

    @Test func `keys of several parts are told apart whatever is in them`() {
        #expect(Pair(left: "a/b", right: "c").keyText != Pair(left: "a", right: "b/c").keyText)
        #expect(Pair(left: "a\\", right: "b").keyText != Pair(left: "a", right: "\\b").keyText)
        #expect(Pair(left: "a", right: "b").keyText == "a/b")
    }

    @Test func `a key's text does not depend on Swift's names`() {
        #expect(Colour.red.keyText == "r")
        #expect(Date(timeIntervalSince1970: 1.5).keyText == "1500000")
        #expect(Day("2026-10-25")?.keyText == "2026-10-25")
        #expect(7.keyText == "7")
    }
}

enum Colour: String, PostgresCodable, TableKey {
    case red = "r"
    case green = "g"
}
