import FoundationEssentials
import Martlet
import MartletTesting
import Synchronization

@testable import MartletProcesses

/// What a process is to do, as its first event says.
struct Chore: Aggregate {
    static let category = "chore"

    enum Plan: Codable, Hashable {
        /// Has the clerk work, who can undo it.
        case work
        /// Has the clerk work; that it is undone is put on a board.
        case workOrTell(String)
        /// Puts a notice on a board.
        case post(on: String)
        case wait(milliseconds: Int)
        case waitUntil(Date)
        case waitForEver
        /// Until a moment that no clock shows.
        case waitBeyondTime
        /// Until the earliest moment that there is a name for.
        case waitUntilDistantPast
    }
    enum Event: EventPayload, Equatable {
        case begun(Plan)
        case cancelled
        /// The timer is not to go off any more.
        case hurried
    }

    func decide(_ command: Event) -> [Event] { [command] }
    mutating func apply(_: Event) {}
}

/// Has room for notices until it is full.
struct Board: Aggregate {
    static let category = "board"
    enum Command: Codable {
        case post(String)
        case fill, empty
    }
    enum Event: EventPayload, Equatable {
        case posted(String)
        case filled, emptied
    }
    enum Rejection: Error, Codable, Equatable { case full }
    var isFull = false

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .post(let text):
            guard !isFull else { throw .full }
            return [.posted(text)]
        case .fill: return [.filled]
        case .empty: return [.emptied]
        }
    }

    mutating func apply(_ event: Event) {
        switch event {
        case .posted: break
        case .filled: isFull = true
        case .emptied: isFull = false
        }
    }
}

/// Does what the test says, and writes down what was asked.
final class Clerk: ActivityProvider {
    static let name = "clerk"

    let policy: CallPolicy
    let calls = Mutex<[(request: String, key: String)]>([])
    private let answer: @Sendable (_ request: String, _ count: Int) async throws -> String

    /// - Parameter answer: given how many calls there were of this request, this one included.
    init(
        _ policy: CallPolicy = CallPolicy(timeout: .seconds(20), attempts: 3, pause: .milliseconds(10)),
        _ answer: @escaping @Sendable (_ request: String, _ count: Int) async throws -> String = { _, _ in "done" }
    ) {
        (self.policy, self.answer) = (policy, answer)
    }

    func perform(_ request: String, key: IdempotencyKey) async throws -> String {
        let count = calls.withLock { calls in
            calls.append((request, key.rawValue))
            return calls.count { $0.request == request }
        }
        return try await answer(request, count)
    }

    func isDone(_ answer: String) -> Bool { answer != "no" }

    func keys(of request: String) -> [String] {
        calls.withLock { calls in calls.filter { $0.request == request }.map(\.key) }
    }
}

struct Chores: ProcessManager {
    static let name = "chores"
    static let partitions = 1
    static let onFailure = FailurePolicy.park(after: 2)

    enum Input: ProcessInput {
        case chore(Recorded<Chore>)
        case clerk(Answer<Clerk>)
        case refused(Refusal<Board>)
        case due(Due)

        static let sources: [InputSource<Self>] = [
            .events(Self.chore, starting: { if case .begun = $0.event { true } else { false } }),
            .answers(Self.clerk), .refusals(Self.refused), .timers(Self.due),
        ]
    }

    var phase = "new"

    mutating func react(to input: Input) -> [Effect] {
        switch input {
        case .chore(let recorded):
            switch recorded.event {
            case .begun(let plan):
                phase = "begun"
                return begin(plan, recorded.stream.key)
            case .cancelled: return [.compensate(because: "cancelled")]
            case .hurried:
                phase = "hurried"
                return [.cancelTimer("nap"), .complete]
            }
        case .clerk(let answer):
            switch answer.outcome {
            case .answered(let text): phase = text
            case .failed(let problem): phase = "failed: \(problem)"
            }
            return [.complete]
        case .refused:
            phase = "refused"
            return [.complete]
        case .due:
            phase = "due"
            return [.complete]
        }
    }

    private func begin(_ plan: Chore.Plan, _ key: String) -> [Effect] {
        switch plan {
        case .work: [.call(Clerk.self, "work \(key)", as: "work", undo: .call(Clerk.self, "undo \(key)", as: "undo"))]
        case .workOrTell(let board):
            [
                .call(
                    Clerk.self, "work \(key)", as: "work",
                    undo: .send(.post("no \(key)"), to: Board.ID(board), as: "tell"))
            ]
        case .post(let board):
            [
                .send(
                    .post(key), to: Board.ID(board), as: "post",
                    undo: .send(.post("no \(key)"), to: Board.ID(board), as: "unpost"))
            ]
        case .wait(let milliseconds): [.startTimer("nap", after: .milliseconds(milliseconds))]
        case .waitUntil(let moment): [.startTimer("nap", at: moment)]
        case .waitBeyondTime: [.startTimer("nap", at: Date(timeIntervalSince1970: .infinity))]
        case .waitUntilDistantPast: [.startTimer("nap", at: .distantPast)]
        case .waitForEver: [.startTimer("nap", after: .seconds(Int64.max))]
        }
    }
}

/// An application with chores on a database of its own.
struct Office: Sendable {
    let database: PostgresConfiguration
    let application: Application
    /// Looks by connections of its own, so that it waits for none of those that are at work.
    private let onlooker: ConnectionPool

    static func with(_ clerk: Clerk = Clerk(), _ body: (Office) async throws -> Void) async throws {
        try await ThrowawayDatabase.with { database in
            let office = Office(database.configuration, clerk)
            try await office.application.migrate()
            try await body(office)
        }
    }

    init(
        _ database: PostgresConfiguration, _ clerk: Clerk = Clerk(), lease: Duration = .seconds(5),
        incidents: IncidentReport = IncidentReport { _ in }
    ) {
        self.database = database
        onlooker = ConnectionPool(database, size: 2)
        application = Application(postgres: database, connections: 6, lease: lease, incidents: incidents) {
            Processes(Chores.self, calling: clerk)
        }
    }

    /// Another process on the same database.
    func colleague(_ clerk: Clerk = Clerk(), lease: Duration = .seconds(5)) -> Office {
        Office(database, clerk, lease: lease)
    }

    func run() -> Task<Void, any Error> { Task { try await application.run() } }

    func running(_ body: () async throws -> Void) async throws {
        let run = run()
        do {
            try await body()
        } catch {
            run.cancel()
            _ = await run.result
            throw error
        }
        run.cancel()
        _ = await run.result
    }

    func begin(_ plan: Chore.Plan, _ key: String = "k") async throws {
        try await application.execute(.begun(plan), on: Chore.ID(key))
    }

    func begin(_ plan: Chore.Plan, _ keys: [String]) async throws {
        try await forEach(of: keys) { key in try await begin(plan, key) }
    }

    /// Not all at once: who waits for a connection for too long gets none.
    func forEach(of keys: [String], _ body: @escaping @Sendable (String) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, key) in keys.enumerated() {
                if index >= 16 { try await group.next() }
                group.addTask { try await body(key) }
            }
            try await group.waitForAll()
        }
    }

    /// What an operator or a provider has said.
    func journal(_ event: JournalEvent, _ key: String = "k", as id: CommandID? = nil) async throws {
        let journal = Journal<Chores>.ID(key)
        if let id {
            try await application.store.append([event], to: journal, expecting: .any, as: id)
        } else {
            try await application.store.append([event], to: journal, expecting: .any)
        }
    }

    // MARK: looking

    func first<Value: PostgresDecodable>(_ sql: SQL, as _: Value.Type = Value.self) async throws -> Value? {
        try await onlooker.query(sql).first?.decode(Value.self)
    }

    func count(_ sql: SQL) async throws -> Int64 { try await first(sql) ?? 0 }

    /// Waits until a question is answered by yes.
    func wait(for question: SQL, within limit: Duration = .seconds(30)) async throws {
        let deadline = ContinuousClock.now + limit
        while try await first(question, as: Bool?.self) != true {
            guard deadline > .now else { throw TooLate(question: "\(question)") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    struct TooLate: Error { let question: String }

    func waitForEnd(of key: String = "k", within limit: Duration = .seconds(30)) async throws -> String? {
        try await wait(
            for: "SELECT ended_at IS NOT NULL FROM martlet.process_instances WHERE instance = \(key)", within: limit)
        return try await first(
            "SELECT status || ': ' || phase FROM martlet.process_instances WHERE instance = \(key)")
    }

    /// How many events of a type the journals have.
    func journalled(_ type: String) async throws -> Int64 {
        try await count("SELECT count(*) FROM martlet.events WHERE type = \("chores.\(type)")")
    }
}
