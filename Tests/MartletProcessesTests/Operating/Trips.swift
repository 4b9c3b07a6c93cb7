import FoundationEssentials
import Martlet
import MartletTesting
import Synchronization

/// A trip that is planned, and may be called off.
struct Trip: Aggregate {
    static let category = "trip"

    enum Command: Codable {
        case plan, callOff
        case note(String)
    }
    enum Event: EventPayload, Equatable {
        case planned, calledOff
        case noted(String)
    }
    enum Rejection: Error, Codable { case calledOff }

    var isCalledOff = false

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .plan: return [.planned]
        case .callOff: return [.calledOff]
        case .note(let text):
            guard !isCalledOff else { throw .calledOff }
            return [.noted(text)]
        }
    }

    mutating func apply(_ event: Event) { if event == .calledOff { isCalledOff = true } }
}

/// Books rooms; what it answers can be changed while it is asked.
final class Hotel: ActivityProvider {
    static let name = "hotel"

    enum Request: Codable, Equatable { case book, cancel }
    enum Answer: String, Codable {
        case done = "done"
        case no = "no"
    }

    let policy = CallPolicy(timeout: .seconds(1), attempts: 3, pause: .milliseconds(5))
    let answer = Mutex<Answer?>(.done)
    let cancelAnswer = Mutex<Answer?>(.done)
    let keys = Mutex<[IdempotencyKey]>([])

    /// As it may come from a C library, with what no text of the database can hold.
    struct Away: Error, CustomStringConvertible { let description = "no line\0" }

    func perform(_ request: Request, key: IdempotencyKey) async throws -> Answer {
        keys.withLock { $0.append(key) }
        let answer = request == .book ? answer.withLock(\.self) : cancelAnswer.withLock(\.self)
        guard let answer else { throw Away() }
        return answer
    }

    func isDone(_ answer: Answer) -> Bool { answer == .done }
}

/// Books a room for a planned trip, waits until it is called off, and then undoes what it has done.
struct Trips: ProcessManager {
    static let name = "travel"
    static let partitions = 2
    static let patience = Duration.seconds(600)
    static let onFailure = FailurePolicy.park(after: 1)

    enum Input: ProcessInput {
        case trip(Recorded<Trip>)
        case refused(Refusal<Trip>)
        case booked(Answer<Hotel>)

        static let sources: [InputSource<Self>] = [
            .events(Self.trip, starting: { $0.event == .planned }), .refusals(Self.refused), .answers(Self.booked),
        ]
    }

    struct Unread: Error {}

    var phase = "new"

    mutating func react(to input: Input) throws -> [Effect] {
        switch input {
        case .booked(let answer):
            guard case .answered(.done) = answer.outcome else { return [.compensate(because: "no room")] }
            phase = "booked"
            return []
        case .refused: return []
        case .trip(let recorded):
            switch recorded.event {
            case .calledOff: return [.compensate(because: "called off")]
            case .noted("unreadable"): throw Unread()
            case .noted("arrived"): return [.complete]
            case .noted("remind twice"):
                return ["passport", "ticket"].map { .send(.note($0), to: recorded.stream, as: "remind") }
            case .noted: return []
            case .planned:
                phase = "booking"
                return [.call(Hotel.self, .book, as: "book", undo: .call(Hotel.self, .cancel, as: "unbook"))]
            }
        }
    }
}

/// An application that runs the process, and another one that does not, in which an operator works.
struct TravelAgency: Sendable {
    let agency: Application
    let desk: Application
    let hotel: Hotel
    let incidents: Incidents

    var travel: ProcessHandle { desk.process(Trips.self) }

    final class Incidents: Sendable {
        let told = Mutex<[String]>([])
    }

    static func with(
        _ hotel: Hotel = Hotel(), _ body: @Sendable (TravelAgency) async throws -> Void
    ) async throws {
        try await ThrowawayDatabase.with { database in
            let incidents = Incidents()
            let report = IncidentReport { incident in incidents.told.withLock { $0.append("\(incident)") } }
            let agency = Application(postgres: database.configuration, incidents: report) {
                Processes(Trips.self, calling: hotel)
            }
            let desk = Application(postgres: database.configuration) { Processes(Trips.self, calling: Hotel()) }
            try await agency.migrate()
            let running = Task { try await agency.run() }
            defer { running.cancel() }
            try await body(TravelAgency(agency: agency, desk: desk, hotel: hotel, incidents: incidents))
        }
    }

    func order(_ command: Trip.Command, _ trip: String = "42") async throws {
        let receipt = try await agency.execute(command, on: Trip.ID(trip))
        _ = try await travel.caughtUp(to: receipt)
    }

    /// The report, once it is as wanted or twenty seconds have passed.
    func report(
        on trip: String = "42", when isWanted: (InstanceReport) -> Bool
    ) async throws -> InstanceReport? {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let report = try await travel.instance(trip)
            if report.map(isWanted) == true || deadline < .now { return report }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func reportOnceBooked() async throws -> InstanceReport? { try await report { $0.life?.phase == "booked" } }

    /// As if all that is had happened so many seconds earlier.
    func age(by seconds: Int) async throws {
        let past: SQL = "\(Int64(seconds)) * interval '1 s'"
        try await agency.pool.execute(
            """
            UPDATE martlet.process_instances SET started_at = started_at - \(past), changed_at = changed_at - \(past),
                ended_at = ended_at - \(past)
            """)
        try await agency.pool.execute("UPDATE martlet.process_effects SET issued_at = issued_at - \(past)")
    }
}
