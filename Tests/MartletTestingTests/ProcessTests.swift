import Foundation
import Martlet
import MartletTesting
import Testing

struct ProcessTests {
    private let trip = Trip.ID("blue")
    private let jar = Jar.ID("blue")
    private let reserved = CameIn.answered(Hotel.self, .reserved(room: 7), to: "reserve")

    private var wanted: GivenProcess<Trips> { GivenProcess(Trips.self, .on(trip, .wanted(nights: 3))) }
    private var paying: GivenProcess<Trips> { wanted.when(reserved) }

    @Test func `a story is told from its first event to its end`() {
        let end = wanted.thenPhase("reserving")
            .then([
                .onCompensation(.send(.cancel, to: trip, as: "cancel")),
                .call(
                    Hotel.self, .reserve(nights: 3), as: "reserve", undo: .call(Hotel.self, .release, as: "release")),
                .startTimer("patience", after: .seconds(30)),
            ])
            .when(reserved).thenPhase("paying")
            .then([
                .cancelTimer("patience"),
                .send(
                    .take(count: 3), to: jar, as: "pay", undo: .send(.fill(count: 3), to: jar, as: "give back")),
                .startTimer("payment", after: .seconds(60)),
            ])
            .when(.on(jar, .taken(count: 3)))
            .then([.send(.confirm, to: trip, as: "confirm"), .complete]).thenEnds(.completed)
            .when(.after(.seconds(3600)), .on(jar, .taken(count: 1))).thenNothing()
        #expect(end.state?.nights == 3)
        end.checkReplay()
    }

    @Test func `what compensation does is told step by step`() {
        let undone = paying.when(.on(trip, .canceled)).then([.compensate(because: "called off")])
            .thenUndoes(["give back", "release", "cancel"]).thenEnds(.compensated)
        undone.checkReplay()
    }

    @Test func `what was refused needs no undoing, also when it is refused late`() {
        paying.when(.refused(Jar.self, .tooFew(missing: 2), of: "pay"))
            .then([.compensate(because: "tooFew(missing: 2)")]).thenUndoes(["release", "cancel"]).checkReplay()
        paying.when(.on(trip, .canceled)).thenUndoes([], failing: "give back")
    }

    @Test func `an undo that fails waits for an operator`() {
        let stuck = paying.when(.on(trip, .canceled)).thenUndoes(["give back"], failing: "release")
        stuck.when(.skipped("release")).thenUndoes(["cancel"]).checkReplay()
        stuck.thenUndoes(["release", "cancel"]).checkReplay()
    }

    @Test func `a call that fails or is skipped, and a compensation that is asked for`() {
        wanted.when(.failed(Hotel.self, "no answer", to: "reserve")).then([.compensate(because: "no room")])
            .checkReplay()
        wanted.when(.skipped("reserve")).then([.compensate(because: "no room")])
        wanted.when(.compensationRequested()).thenNothing().thenUndoes(["release", "cancel"]).checkReplay()
    }

    @Test func `timers come in when they are due, and not a moment before`() {
        wanted.when(.after(.milliseconds(29_999))).thenNothing()
            .when(.after(.milliseconds(1))).then([.startTimer("patience", after: .milliseconds(100))])
            .when(.after(.milliseconds(100))).then([.startTimer("patience", after: .milliseconds(100))])
            .when(.after(.milliseconds(99))).thenNothing()
            .when(.after(.milliseconds(1))).then([.compensate(because: "patience")]).thenUndoes(["release", "cancel"])
        wanted.when(.after(.seconds(3600))).thenUndoes(["release", "cancel"]).checkReplay()
        let noon = Date(timeIntervalSince1970: 1_767_225_600 + 43_200)
        paying.when(.on(jar, .taken(count: 3), at: noon)).then([.compensate(because: "payment")])
    }

    @Test func `several timers come in by their dates, whatever the order in which they were started`() {
        let story = GivenProcess(Alarms.self, .on(trip, .wanted(nights: 1)))
        #expect(story.when(.after(.seconds(9))).state?.heard == ["a 2", "c 5", "b 8"])
        #expect(story.when(.after(.seconds(7))).state?.heard == ["a 2", "c 5"])
    }

    @Test func `a timer that is always due is an issue`() async throws {
        let found = try await issues { _ = GivenProcess(Restless.self, .on(trip, .wanted(nights: 1)), .after(.zero)) }
        #expect(
            found.map(\.text) == [
                "Restless: expected an end of the timers that are due, found more than 10,000 of them"
            ])
    }
}

/// Starts three timers at once.
private struct Alarms: ProcessManager {
    static let name = "alarms"
    var heard: [String] = []

    mutating func react(to input: TripInput) -> [Effect] {
        guard case .due(let due) = input else {
            return [
                .startTimer("b", after: .seconds(8)), .startTimer("a", after: .seconds(2)),
                .startTimer("c", at: Date(timeIntervalSince1970: 1_767_225_605)),
            ]
        }
        heard.append("\(due.timer) \(Int(due.at.timeIntervalSince1970) - 1_767_225_600)")
        return []
    }
}

private struct Restless: ProcessManager {
    static let name = "restless"
    mutating func react(to input: TripInput) -> [Effect] { [.startTimer("again", after: .zero)] }
}
