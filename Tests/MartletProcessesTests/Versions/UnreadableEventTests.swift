import Martlet
import MartletTesting
import Testing

/// A desk of tomorrow, with events that today's programs do not know.
private struct TomorrowsDesk: Aggregate {
    static let category = "desk"
    enum Event: EventPayload {
        case asked([Wish])
        case told([Wish])
        case sang
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_: Event) {}
}

/// A journal of tomorrow.
private struct TomorrowsJournal: Aggregate {
    static let category = "trip"
    enum Event: EventPayload { case sang }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_: Event) {}
}

private struct TripOfTomorrow: ProcessManager {
    static let name = "trip"
    enum Input: ProcessInput {
        case desk(Recorded<TomorrowsDesk>)
        static let sources: [InputSource<Self>] = [
            .events(Self.desk, starting: { if case .asked = $0.event { true } else { false } })
        ]
    }
    var walked = 0

    mutating func react(to _: Input) -> [Effect] {
        walked += 1
        return []
    }
}

/// Nobody but the event tells whose it is.
private struct Correlated: ProcessManager {
    static let name = "correlated"
    enum Input: ProcessInput {
        case desk(Recorded<Desk>)
        static let sources: [InputSource<Self>] = [
            .events(
                Self.desk, of: { "of \($0.stream.key)" },
                starting: { if case .asked = $0.event { true } else { false } })
        ]
    }

    func react(to _: Input) -> [Effect] { [] }
}

@Suite(.tags(.database)) struct UnreadableEventTests {
    @Test func `an unknown event of a stream that is one instance's parks that one`() async throws {
        try await ErrandOffice.with { office in
            try await office.running(Processes(TripOnFoot.self)) { (program) async throws in
                try await office.ask("1")
                try await office.clerk.execute(.sang, on: TomorrowsDesk.ID("1"))
                try await office.clerk.execute(.told([]), on: TomorrowsDesk.ID("1"))
                let last = try await office.ask("2")
                let process = program.process(TripOnFoot.self)
                #expect(try await process.caughtUp(to: last, within: .seconds(20)))
                #expect(try await office.parked() == ["1": 2])
                #expect(try await process.follower.status().state == .running)
                #expect(try await office.instance("2") != nil)
            }
            try await office.running(Processes(TripOfTomorrow.self)) { (program) async throws in
                #expect(try await program.process(TripOfTomorrow.self).follower.retry("1").projected == 2)
            }
            let trip = try #require(try await office.instance("1"))
            #expect(trip.state == #"{"walked":3}"#)
        }
    }

    @Test func `an unknown event of a journal parks its instance`() async throws {
        try await ErrandOffice.with { office in
            try await office.running(Processes(TripOnFoot.self)) { (program) async throws in
                try await office.ask("1")
                try await office.clerk.execute(.sang, on: TomorrowsJournal.ID("1"))
                try await office.tell("1")
                let last = try await office.tell("1", .complete)
                let process = program.process(TripOnFoot.self)
                #expect(try await process.caughtUp(to: last, within: .seconds(20)))
                #expect(try await office.parked() == ["1": 3])
                try await process.follower.discard("1", reason: "a song", by: "ada")
                #expect(try await process.follower.retry("1").projected == 2)
            }
            let trip = try #require(try await office.instance("1"))
            #expect(trip.status == "completed")
        }
    }

    @Test func `an unknown event that may be anybody's stops the process before it`() async throws {
        try await ErrandOffice.with { office in
            try await office.running(Processes(Correlated.self)) { (program) async throws in
                try await office.ask("1")
                let song = try await office.clerk.execute(.sang, on: TomorrowsDesk.ID("1")).position
                let stopped: SQL = """
                    SELECT FROM martlet.projections WHERE projection = 'correlated' AND state = 'stopped'
                        AND stopped_position = \(song.rawValue)
                    """
                #expect(try await office.count(stopped, becomes: 1) == 1)
                #expect(try await office.parked() == [:])
                let follower = program.process(Correlated.self).follower
                try await follower.skip(song, reason: "a song", by: "ada")
                try await follower.resume()
                let last = try await office.ask("2")
                #expect(try await follower.caughtUp(to: last, within: .seconds(20)))
            }
        }
    }
}
