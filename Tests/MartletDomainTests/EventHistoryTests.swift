import MartletDomain
import Testing

struct EventHistoryTests {
    private static func upcast(_ name: String, from version: Int) -> EventChange {
        .upcast(name, from: version) { _ in }
    }

    @Test(
        arguments: [
            ([upcast("placed", from: 2)], "\"placed\": expected upcasters from version 1, found 2"),
            (
                [upcast("placed", from: 1), upcast("placed", from: 3)],
                "\"placed\": expected upcasters from version 1, 2, found 1, 3"
            ),
            (
                [upcast("placed", from: 1), upcast("placed", from: 1)],
                "\"placed\": expected upcasters from version 1, 2, found 1, 1"
            ),
            ([upcast("placed", from: 0)], "\"placed\": expected upcasters from version 1, found 0"),
            (
                [.renamed("ordered", to: "placed"), .renamed("ordered", to: "requested")],
                "\"ordered\": expected one new name, found \"placed\", \"requested\""
            ),
            (
                [.renamed("ordered", to: "ordered")],
                "\"ordered\": expected a new name at the end of its renames, found a circle: ordered, ordered"
            ),
            (
                [.retired("noticed"), .renamed("noticed", to: "seen")],
                "\"noticed\": expected a retired name or a renamed one, found both"
            ),
            (
                [.retired("noticed"), upcast("noticed", from: 1)],
                "\"noticed\": expected no upcasters of a retired name, for they never run, found some"
            ),
        ] as [([EventChange], String)])
    func `a declaration that contradicts itself is told why`(changes: [EventChange], flaw: String) {
        #expect(EventHistory(changes).flaws == [flaw])
    }

    @Test func `names that are renamed in a circle all say so`() {
        let history: EventHistory = [.renamed("a", to: "b"), .renamed("b", to: "c"), .renamed("c", to: "b")]
        #expect(history.flaws.count == 3)
        #expect(history.flaws.allSatisfy { $0.contains("found a circle: ") })
    }

    @Test func `upcasters may be declared in any order`() {
        let history: EventHistory = [Self.upcast("placed", from: 2), Self.upcast("placed", from: 1)]
        #expect(history.flaws.isEmpty)
        #expect(history["placed"].upcasters.map(\.version) == [1, 2])
        #expect(history["placed"].newestVersion == 3)
    }

    @Test func `versions of a new name begin where those of the old one end`() {
        let history: EventHistory = [
            Self.upcast("ordered", from: 1), Self.upcast("requested", from: 1), Self.upcast("placed", from: 1),
            .renamed("ordered", to: "requested"), .renamed("requested", to: "placed"),
        ]
        #expect(history.flaws.isEmpty)
        #expect(history["ordered"].today == "placed")
        #expect(history["ordered"].newestVersion == 2)
        #expect(history["ordered"].upcasters.map(\.name) == ["ordered", "requested", "placed"])
        #expect(history["placed"].newestVersion == 2)
        #expect(history.namesToday == ["placed"])
    }

    @Test func `a name of which nothing is said is at version 1`() {
        #expect(EventHistory.none["paid"].newestVersion == 1)
        #expect(EventHistory.none["paid"].today == "paid")
        #expect(EventHistory.none.isEmpty)
    }
}
