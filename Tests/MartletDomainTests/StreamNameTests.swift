import Foundation
import MartletDomain
import Testing

private struct Order: Aggregate {
    static let category = "order"
    enum Event: EventPayload { case placed }
    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

private struct Payment: Aggregate {
    static let category = "payment"
    enum Event: EventPayload { case made }
    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

struct StreamNameTests {
    @Test(arguments: [
        ("order-42", "order", "42"), ("order-a-b", "order", "a-b"), ("order-", "order", ""), ("o--", "o", "-"),
    ])
    func `a stored name splits at its first hyphen`(text: String, category: String, key: String) {
        let name = StreamName(text)
        #expect(name == StreamName(category: category, key: key))
        #expect(name?.description == text)
    }

    @Test(arguments: ["", "order", "-42"])
    func `a text without a category before a hyphen is no name`(text: String) {
        #expect(StreamName(text) == nil)
    }

    @Test func `an id names its stream and is found again by its own category only`() {
        let id = Order.ID("42")
        #expect(id.name.description == "order-42")
        #expect(Order.ID(id.name) == id)
        #expect(Payment.ID(id.name) == nil)
    }

    @Test func `names are the same where their bytes are, as in the database`() {
        let (one, two) = ("caf\u{E9}", "cafe\u{301}")
        #expect(one == two)
        #expect(Order.ID(one) != Order.ID(two))
        #expect(Order.ID(one).name != Order.ID(two).name)
        #expect(CommandID(one) != CommandID(two))
        #expect(!(CommandID(one) == CommandID(two)))
        #expect(Set([Order.ID(one), Order.ID(two), Order.ID(one)]).count == 2)
        #expect(Set([CommandID(one), CommandID(two), CommandID(one)]).count == 2)
    }

    @Test func `an id is coded as its key alone`() throws {
        let data = try JSONEncoder().encode([Order.ID("42")])
        #expect(String(decoding: data, as: UTF8.self) == #"["42"]"#)
        #expect(try JSONDecoder().decode([Order.ID].self, from: data) == ["42"])
    }

    @Test(arguments: [
        (StreamName(category: "order", key: "42"), nil),
        (StreamName(category: "order", key: String(repeating: "x", count: 494)), nil),
        (
            StreamName(category: "order", key: String(repeating: "x", count: 495)),
            "expected a name of at most 500 bytes, found 501"
        ),
        (StreamName(category: "order", key: ""), "expected a key, found an empty one"),
        (StreamName(category: "my-order", key: "1"), "expected a category without a hyphen, found \"my-order\""),
        (StreamName(category: "order", key: "a\u{0}"), "expected no NUL character in the name"),
    ])
    func `what keeps a name from being stored is told`(name: StreamName, flaw: String?) {
        #expect(name.flaw == flaw)
    }
}
