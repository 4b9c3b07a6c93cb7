#if canImport(Testing)
import Martlet
public import Testing

extension GivenEvents {
    /// Projects the events again and again in other batches, and expects that the tables come out the same: all at once,
    /// one by one, and, for each event, up to it, rolled back and once more, with the rest behind it.
    ///
    /// What is delivered again after its commit must change nothing. So a projection is found out that keeps a state of
    /// its own beside its tables, asks a clock or a random number generator, writes outside its transaction, or takes
    /// numbers from a sequence, which no roll-back sets back; as far as it shows in the rows.
    ///
    /// Takes about a fiftieth of a second an event; for a throw-away database.
    /// - Precondition: the projection declares its tables.
    /// - Throws: what keeps the database from being asked.
    public func checkReplay(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let problem: String? = try await rehearsing { projection in
            let first = try await Replay(log.events, .atOnce, on: projection)
            guard !first.tables.isEmpty else {
                return "expected a projection that declares its tables, found \(Model.self), which does not"
            }
            let others = [.oneByOne] + log.events.indices.map { Replay.Course.interrupted(after: $0 + 1) }
            for course in others {
                let other = try await Replay(log.events, course, on: projection)
                if let difference = first.difference(from: other) { return difference }
            }
            return first.problem
        }
        if let problem { record("\(Model.self): \(problem)", at: sourceLocation) }
    }
}

/// What a projection's tables hold once all events have come in a certain way.
struct Replay: Sendable {
    /// In which batches the events come.
    enum Course: Sendable, CustomStringConvertible {
        case atOnce
        case oneByOne
        /// So many in one batch that is rolled back once it is applied, and comes again; then the rest.
        case interrupted(after: Int)

        var description: String {
            switch self {
            case .atOnce: "all events in one batch"
            case .oneByOne: "one event after the other"
            case .interrupted(let count): "events 1 to \(count) rolled back and projected again, then the rest"
            }
        }
    }

    let course: Course
    private(set) var tables: [(table: String, rows: [String])] = []
    /// What went wrong by itself; nil when nothing did.
    private(set) var problem: String?

    init(_ events: [StoredEvent], _ course: Course, on projection: ProjectionHandle) async throws {
        self.course = course
        let rehearsal = try await Rehearsal(of: projection)
        do { try await run(rehearsal, events) } catch {
            problem = "\(course): \((error as? PostgresError)?.debugDescription ?? "\(error)")"
        }
        tables = try await rehearsal.contents()
    }

    private mutating func run(_ rehearsal: Rehearsal, _ events: [StoredEvent]) async throws {
        switch course {
        case .atOnce: try await commit(events[...], rehearsal)
        case .oneByOne: for index in events.indices { try await commit(events[index...index], rehearsal) }
        case .interrupted(let count):
            let (batch, rest) = (events.prefix(count), events.dropFirst(count))
            _ = try await rehearsal.project(batch, after: .start, isRolledBack: true)
            try await commit(batch, rehearsal)
            try await commit(rest, rehearsal)
            try await redeliver(events, rehearsal)
        }
    }

    private mutating func commit(_ events: ArraySlice<StoredEvent>, _ rehearsal: Rehearsal) async throws {
        guard let first = events.first else { return }
        let before = GlobalPosition(rawValue: first.position.rawValue - 1)
        guard try await !rehearsal.project(events, after: before) else { return }
        problem = "\(course): expected the checkpoint at position \(before), found it elsewhere"
    }

    /// A worker that does not know of the last commits does them again.
    private mutating func redeliver(_ events: [StoredEvent], _ rehearsal: Rehearsal) async throws {
        guard case .interrupted(let count) = course, count < events.count else { return }
        let before = events[count - 1].position
        guard try await rehearsal.project(events[count...], after: before) else { return }
        problem = "\(course): expected events from position \(before) on to be refused, found them projected twice"
    }

    /// The first row that another course has otherwise; nil when there is none.
    func difference(from other: Replay) -> String? {
        if let problem = problem ?? other.problem { return problem }
        for (own, others) in zip(tables, other.tables) where own.rows != others.rows {
            let place = zip(own.rows, others.rows).prefix { $0 == $1 }.count
            func row(_ rows: [String]) -> String { place < rows.count ? rows[place] : "no row" }
            return """
                expected the same rows however the events come, found others in table "\(own.table)"
                \(course):
                  \(row(own.rows))
                \(other.course):
                  \(row(others.rows))
                """
        }
        return nil
    }
}
#endif
