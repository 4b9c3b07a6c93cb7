import Foundation
import OrderDomain
import Testing

struct OrderDetailsTests {
    private let noon = Date(timeIntervalSince1970: 1_790_000_000)

    private func line(quantity: Int = 1, unitCents: Int = 100) throws(OrderFlaw) -> OrderLine {
        try OrderLine(sku: "T", name: "Tea", quantity: quantity, unitCents: unitCents)
    }

    @Test func `the total is the sum of all lines`() throws {
        let details = try OrderDetails(
            customer: "Ada", placedAt: noon, lines: [line(quantity: 3, unitCents: 250), line(unitCents: 0), line()])
        #expect(details.totalCents == 850)
        #expect(details.itemCount == 5)
    }

    @Test(arguments: [0, -1, 1_000_001, .min, .max])
    func `a quantity that no shop takes is refused`(quantity: Int) {
        #expect(throws: OrderFlaw(field: "quantity", problem: "expected 1 to 1000000, found \(quantity)")) {
            try line(quantity: quantity)
        }
    }

    @Test(arguments: [-1, 10_000_000_001, .min, .max])
    func `a price that no shop asks is refused`(cents: Int) {
        #expect(throws: OrderFlaw(field: "unitCents", problem: "expected 0 to 10000000000, found \(cents)")) {
            try line(unitCents: cents)
        }
    }

    @Test func `a total beyond the largest is refused at the line that exceeds it`() throws {
        let dear = try line(quantity: 10, unitCents: 10_000_000_000)
        #expect(try OrderDetails(customer: "Ada", placedAt: noon, lines: [dear]).totalCents == 100_000_000_000)
        let flaw = #expect(throws: OrderFlaw.self) {
            try OrderDetails(customer: "Ada", placedAt: noon, lines: [dear, line()])
        }
        #expect(flaw?.field == "lines[1]")
    }

    @Test func `the largest quantity at the largest price is a flaw and no trap`() throws {
        let largest = try line(quantity: 1_000_000, unitCents: 10_000_000_000)
        #expect(throws: OrderFlaw.self) {
            try OrderDetails(customer: "Ada", placedAt: noon, lines: Array(repeating: largest, count: 1000))
        }
    }

    @Test(arguments: [0, 1001])
    func `an order has 1 to 1000 lines`(count: Int) throws {
        let lines = Array(repeating: try line(), count: count)
        let flaw = #expect(throws: OrderFlaw.self) { try OrderDetails(customer: "Ada", placedAt: noon, lines: lines) }
        #expect(flaw?.field == "lines")
    }

    @Test(arguments: [
        ("", "expected text, found none"), (" \t ", "expected text, found blanks only"),
        ("a\u{0}b", "expected no control character, found U+0000"),
        ("a\nb", "expected no control character, found U+000A"),
        ("a\u{2028}b", "expected no control character, found U+2028"),
        (String(repeating: "é", count: 201), "expected at most 200 characters, found 201"),
    ])
    func `a text that nobody can read is refused`(text: String, problem: String) {
        #expect(throws: OrderFlaw(field: "customer", problem: problem)) {
            try OrderDetails(customer: text, placedAt: noon, lines: [line()])
        }
    }

    @Test func `an article is refused whose stock no stream could bear`() throws {
        let longest = String(repeating: "a", count: 200)
        #expect(try OrderLine(sku: longest, name: "Tea", quantity: 1, unitCents: 1).sku == longest)
        #expect(throws: OrderFlaw(field: "sku", problem: "expected at most 200 bytes, found 202")) {
            try OrderLine(sku: String(repeating: "é", count: 101), name: "Tea", quantity: 1, unitCents: 1)
        }
    }

    @Test func `what an order wants of an article is the sum of its lines`() throws {
        let lines = try [("T", 2), ("POT", 1), ("T", 3), ("e\u{301}", 1), ("é", 1)].map { sku, quantity in
            try OrderLine(sku: sku, name: "Tea", quantity: quantity, unitCents: 100)
        }
        #expect(
            try OrderDetails(customer: "Ada", placedAt: noon, lines: lines).demands == [
                Demand(article: "T", quantity: 5), Demand(article: "POT", quantity: 1),
                Demand(article: "e\u{301}", quantity: 1), Demand(article: "é", quantity: 1),
            ])
    }

    @Test func `an id is refused when a stream could not bear it`() throws {
        #expect(try Order.id(String(repeating: "a", count: 200)).key.count == 200)
        #expect(throws: OrderFlaw(field: "id", problem: "expected at most 200 bytes, found 202")) {
            try Order.id(String(repeating: "é", count: 101))
        }
    }
}
