import Martlet
import Testing

@testable import MartletEventStore

/// How stored names, versions and payloads become today's events, without a store.
struct EventCodecTests {
    private let codec = EventCodec()

    private func decode<A: Aggregate>(_ name: String, _ version: Int, _ payload: String, of: A.Type) throws -> A.Event?
    {
        try codec.decode(name, version, Array(payload.utf8), of: A.self)
    }

    private func problem<A: Aggregate>(
        of name: String, _ version: Int, _ payload: String, as _: A.Type
    ) -> String? {
        do {
            _ = try decode(name, version, payload, of: A.self)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        ("reserved", 1, #"{"who":"Ada","from":"Oulu","to":"Turku"}"#),
        ("reserved", 2, #"{"client":"Ada","from":"Oulu","to":"Turku"}"#),
        ("booked", 1, #"{"client":"Ada","from":"Oulu","to":"Turku"}"#),
        ("booked", 2, #"{"traveller":"Ada","from":"Oulu","to":"Turku"}"#),
        ("booked", 3, #"{"traveller":"Ada","legs":[{"from":"Oulu","to":"Turku"}]}"#),
    ])
    func `every name and version reads as the case of today`(name: String, version: Int, payload: String) throws {
        #expect(try decode(name, version, payload, of: Trip.self) == Trip.adaToTurku)
    }

    @Test func `an event is written at the version after its last upcaster`() throws {
        let booked = try codec.encode(Trip.adaToTurku, of: Trip.self)
        #expect(booked.type == "trip.booked")
        #expect(booked.typeVersion == 3)
        #expect(try codec.encode(.cancelled, of: Trip.self).typeVersion == 1)
    }

    @Test func `no upcaster runs on an event of the current version`() throws {
        #expect(try decode("painted", 2, #"{"colour":"red"}"#, of: Fence.self) == .painted(colour: "red"))
        #expect(problem(of: "painted", 1, #"{"colour":"red"}"#, as: Fence.self) != nil)
    }

    @Test(arguments: [1, 2, 99]) func `a retired event reads as nothing, whatever it is`(version: Int) throws {
        #expect(try decode("looked", version, "[]", of: Trip.self) == nil)
    }

    @Test(arguments: [
        ("booked", 4, "written by a newer version: expected at most 3, found 4"),
        ("reserved", 3, "written by a newer version: expected at most 2, found 3"),
        ("cancelled", 2, "written by a newer version: expected at most 1, found 2"),
        ("booked", 0, "expected a version from 1, found 0"),
        ("booked", -1, "expected a version from 1, found -1"),
        ("booked", 2, "the upcaster of \"booked\" from version 2: NoRoute()"),
        ("reserved", 1, "the upcaster of \"booked\" from version 2: NoRoute()"),
    ])
    func `what cannot be read is said with what was expected and found`(
        name: String, version: Int, problem expected: String
    ) {
        #expect(problem(of: name, version, "{}", as: Trip.self) == expected)
    }

    @Test func `a payload that does not fit after upcasting says from where it came`() throws {
        let found = problem(of: "booked", 2, #"{"from":"Oulu","to":"Turku"}"#, as: Trip.self)
        #expect(found?.hasPrefix("upcast from version 2, it is no \"booked\" of today: ") == true)
        #expect(found?.contains("traveller") == true)
    }

    @Test func `a version newer than a type without history is refused too`() {
        #expect(
            problem(of: "received", 2, #"{"cents":1}"#, as: Account.self)
                == "written by a newer version: expected at most 1, found 2")
    }

    @Test func `a history that names no case stops reading and writing all of its type`() throws {
        let flaw =
            #"the history of "MartletEventStoreTests.Misspelt.Event" contradicts itself: "#
            + #""paintd": expected the name of a case of today, found none; "#
            + #""tard": expected the name of a case of today, found none"#
        #expect(problem(of: "painted", 1, "{}", as: Misspelt.self) == flaw)
        #expect(codec.flaw(of: Misspelt.self) == flaw)
        let error = #expect(throws: EventStoreError.self) { try codec.encode(.painted, to: Misspelt.ID("1")) }
        #expect(error?.description.hasSuffix(flaw) == true)
        #expect(codec.flaw(of: Trip.self) == nil)
    }

    @Test(arguments: [Attic.Event.stored, .lost])
    func `a case that the history calls renamed or retired is not written`(event: Attic.Event) {
        let error = #expect(throws: EventStoreError.self) { try codec.encode(event, to: Attic.ID("1")) }
        #expect(
            error?.description == "stream \"attic-1\": an event cannot be encoded: expected an event that is written "
                + "today, found \"\(event)\", which its history calls renamed or retired")
    }
}

/// Its upcaster fails, so that nobody can run it unnoticed.
private struct Fence: Aggregate {
    static let category = "fence"
    struct NotToBeRun: Error {}
    enum Event: EventPayload, Equatable {
        case painted(colour: String)
        static let history: EventHistory = [.upcast("painted", from: 1) { _ in throw NotToBeRun() }]
    }
    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

struct Misspelt: Aggregate {
    static let category = "misspelt"
    enum Event: EventPayload {
        case painted
        static let history: EventHistory = [.upcast("paintd", from: 1) { _ in }, .renamed("oiled", to: "tard")]
    }
    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}

struct Attic: Aggregate {
    static let category = "attic"
    enum Event: EventPayload {
        case kept
        case stored
        case lost
        static let history: EventHistory = [.renamed("stored", to: "kept"), .retired("lost")]
    }
    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}
