import Foundation
import Martlet

/// A trip, as far as its process manager is told of it.
struct Trip: Aggregate {
    static let category = "trip"

    enum Command: Codable {
        case cancel
        case confirm
    }
    enum Event: EventPayload, Equatable {
        case wanted(nights: Int)
        case canceled
    }

    func decide(_ command: Command) -> [Event] { command == .cancel ? [.canceled] : [] }
    mutating func apply(_ event: Event) {}
}

struct Hotel: ActivityProvider {
    static let name = "hotel"

    enum Request: Codable {
        case reserve(nights: Int)
        case release
    }
    enum Answer: Codable, Equatable {
        case reserved(room: Int)
        case full
    }

    func perform(_ request: Request, key: IdempotencyKey) -> Answer { .full }
}

enum TripInput: ProcessInput {
    case trip(Recorded<Trip>)
    case jar(Recorded<Jar>)
    case hotel(Answer<Hotel>)
    case refused(Refusal<Jar>)
    case due(Due)

    static let sources: [InputSource<Self>] = [
        .events(Self.trip, starting: { if case .wanted = $0.event { true } else { false } }),
        .events(Self.jar), .answers(Self.hotel), .refusals(Self.refused), .commands(to: Trip.self),
        .timers(Self.due),
    ]
}

/// Reserves a room and pays for it with cookies, or calls the trip off.
struct Trips: ProcessManager {
    static let name = "trips"

    var phase = "new"
    var (nights, reminders) = (0, 0)
    struct TooLong: Error {}

    mutating func react(to input: TripInput) throws -> [Effect] {
        switch input {
        case .trip(let recorded): return try react(to: recorded)
        case .hotel(let answer):
            guard case .answered(.reserved) = answer.outcome else { return [.compensate(because: "no room")] }
            phase = "paying"
            return [
                .cancelTimer("patience"),
                .send(
                    .take(count: nights), to: Jar.ID("blue"), as: "pay",
                    undo: .send(.fill(count: nights), to: Jar.ID("blue"), as: "give back")),
                .startTimer("payment", after: .seconds(60)),
            ]
        case .jar(let recorded):
            guard case .taken = recorded.event else { return [] }
            return [.send(.confirm, to: Trip.ID("blue"), as: "confirm"), .complete]
        case .refused(let refusal): return [.compensate(because: "\(refusal.rejection)")]
        case .due(let due) where due.timer == "patience" && reminders < 2:
            reminders += 1
            return [.startTimer("patience", after: .milliseconds(100))]
        case .due(let due): return [.compensate(because: "\(due.timer)")]
        }
    }

    private mutating func react(to recorded: Recorded<Trip>) throws -> [Effect] {
        guard case .wanted(let nights) = recorded.event else { return [.compensate(because: "called off")] }
        guard nights < 100 else { throw TooLong() }
        (self.nights, phase) = (nights, "reserving")
        return [
            .onCompensation(.send(.cancel, to: recorded.stream, as: "cancel")),
            .call(
                Hotel.self, .reserve(nights: nights), as: "reserve",
                undo: .call(Hotel.self, .release, as: "release")),
            .startTimer("patience", after: .seconds(30)),
        ]
    }
}
