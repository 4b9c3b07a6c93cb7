import Foundation
import Martlet
import MartletTesting
import Testing

struct ProcessIssueTests {
    private let trip = Trip.ID("blue")
    private let reserved = CameIn.answered(Hotel.self, .reserved(room: 7), to: "reserve")

    private var wanted: GivenProcess<Trips> { GivenProcess(Trips.self, .on(trip, .wanted(nights: 3))) }

    @Test func `other effects are an issue at the caller's line that shows both`() async throws {
        let line = #line + 2
        let issues = try await issues {
            wanted.then([.complete, .leaveDone("reserve"), .startTimer("patience", after: .seconds(5))])
        }
        #expect(issues.map(\.line) == [line])
        #expect(
            issues.map(\.text) == [
                """
                expected of Trips:
                  complete
                  leave "reserve" done
                  start timer "patience", due after 5.0 seconds
                found:
                  on compensation: send {"cancel":{}} to "trip-blue" as "cancel"
                  call "hotel" with {"reserve":{"nights":3}} as "reserve", undone by: call "hotel" with {"release":{}} \
                as "release"
                  start timer "patience", due after 30.0 seconds
                """
            ])
    }

    @Test(arguments: [
        (Effect.cancelTimer("patience"), "cancel timer \"patience\""),
        (.leaveDone("pay"), "leave \"pay\" done"),
        (.complete, "complete"),
        (.compensate(because: "no room"), "compensate, because: no room"),
        (
            .startTimer("patience", at: Date(timeIntervalSince1970: 1_767_225_600)),
            "start timer \"patience\", due at 2026-01-01 00:00:00 +0000"
        ),
        (
            .onCompensation(.call(Hotel.self, .release, as: "release")),
            "on compensation: call \"hotel\" with {\"release\":{}} as \"release\""
        ),
    ]) func `an effect tells what it is`(effect: Effect, text: String) {
        #expect(effect.description == text)
    }

    @Test func `an undo is a part of what is expected`() async throws {
        let found = try await issues {
            wanted.when(reserved).then([
                .cancelTimer("patience"), .send(.take(count: 3), to: Jar.ID("blue"), as: "pay"),
                .startTimer("payment", after: .seconds(60)),
            ])
        }
        #expect(found.count == 1)
    }

    @Test func `another phase or end is an issue`() async throws {
        let found = try await issues {
            wanted.thenPhase("paying").thenEnds(.completed)
            GivenProcess(Trips.self).thenPhase("new")
        }
        #expect(
            found.map(\.text) == [
                "expected of Trips:\n  phase \"paying\"\nfound:\n  phase \"reserving\"",
                "expected of Trips:\n  it is completed\nfound:\n  it is running",
                "expected of Trips:\n  phase \"new\"\nfound:\n  no instance",
            ])
    }

    @Test func `other undo steps are an issue, and so is that there are none`() async throws {
        let found = try await issues {
            wanted.when(.on(trip, .canceled)).thenUndoes(["cancel", "release"])
            wanted.thenUndoes([])
            wanted.when(.on(trip, .canceled)).thenUndoes(["release", "cancel"], failing: "pay")
        }
        #expect(
            found.map(\.text) == [
                """
                expected of Trips:
                  "cancel" is done
                  "release" is done
                  it is compensated
                found:
                  "release" is done
                  "cancel" is done
                  it is compensated
                """,
                "expected of Trips:\n  it is compensated\nfound:\n  it is running",
                """
                expected of Trips:
                  "release" is done
                  "cancel" is done
                  "pay" fails
                  it is being compensated
                found:
                  "release" is done
                  "cancel" is done
                  it is compensated
                """,
            ])
    }

    @Test(arguments: [
        (
            CameIn.answered(Hotel.self, .full, to: "pay"),
            "expected one of the open calls (\"reserve\"), found an answer to \"pay\""
        ),
        (
            .answered(Ferry.self, "sails", to: "reserve"),
            "step \"reserve\" calls \"hotel\": expected an answer of it, found one of \"ferry\""
        ),
        (.refused(Jar.self, .tooFew(missing: 1), of: "pay"), "no commands are open, found a refusal of \"pay\""),
        (
            .failed(Hotel.self, "no answer", to: "pay"),
            "expected one of the open calls (\"reserve\"), found the failure of a call to \"pay\""
        ),
        (
            .skipped("pay"),
            "expected one of the open commands or calls (\"reserve\"), found \"pay\" skipped"
        ),
        (
            .on(Trip.ID("red"), .wanted(nights: 1)),
            "expected what comes in to instance \"blue\" of Trips, found an event of instance \"red\""
        ),
    ]) func `what nobody waits for is an issue at the caller's line`(input: CameIn, text: String) async throws {
        let line = #line + 1
        let found = try await issues { wanted.when(input).thenNothing() }
        #expect(found.map(\.text) == [text])
        #expect(found.map(\.line) == [line])
    }

    @Test func `an answer and a refusal come once, and to whom they concern`() async throws {
        let refused = CameIn.refused(Jar.self, .tooFew(missing: 1), of: "pay")
        let found = try await issues {
            wanted.when(reserved).when(reserved).thenNothing()
            wanted.when(reserved).when(refused).when(refused).thenNothing()
            wanted.when(reserved).when(.refused(Plane.self, .grounded, of: "pay")).thenNothing()
            _ = GivenProcess(Trips.self, .compensationRequested())
        }
        #expect(
            found.map(\.text) == [
                "no calls are open, found an answer to \"reserve\"",
                "no commands are open, found a refusal of \"pay\"",
                "step \"pay\" is sent to \"jar-blue\": expected a refusal of that, found one of a \"plane\"",
                "expected an instance of Trips, found none yet",
            ])
    }

    @Test func `a process that cannot react is an issue, unless it is expected`() async throws {
        let story = GivenProcess(Trips.self, .on(trip, .wanted(nights: 100)))
        story.thenFails()
        let found = try await issues {
            story.thenNothing()
            wanted.when(reserved).thenFails()
        }
        #expect(found.map(\.text).first == "Trips cannot react to trip.wanted: TooLong()")
        #expect(found.map(\.text).last?.hasPrefix("expected of Trips:\n  an error\nfound:\n  cancel timer") == true)
    }
}

private struct Ferry: ActivityProvider {
    static let name = "ferry"
    func perform(_ request: String, key: IdempotencyKey) -> String { "sails" }
}

private struct Plane: Aggregate {
    static let category = "plane"
    enum Event: EventPayload { case landed }
    enum Rejection: Error, Codable { case grounded }
    func decide(_ command: Event) throws(Rejection) -> [Event] { [command] }
    mutating func apply(_ event: Event) {}
}
