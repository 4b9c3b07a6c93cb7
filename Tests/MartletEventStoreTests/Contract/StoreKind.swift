import Martlet
import MartletTesting
import Testing

/// The event stores that keep the same promises.
enum StoreKind: CaseIterable {
    case inMemory
    case postgres
    /// With a projection that commits with each append.
    case inline

    /// Runs `body` on a store of its own, empty.
    func withStore<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: (EventStore) async throws -> Result
    ) async throws -> Result {
        switch self {
        case .inMemory: try await body(.inMemory())
        case .postgres: try await withApplication { application in try await body(application.store) }
        case .inline:
            try await withApplication {
                Inline(StreamEnds())
            } _: { application in
                let result = try await body(application.store)
                #expect(try await application.pool.query(StreamEnds.difference).isEmpty)
                return result
            }
        }
    }

    private func withApplication<Result>(
        @ApplicationBuilder parts: () -> [ApplicationPart] = { [] }, isolation: isolated (any Actor)? = #isolation,
        _ body: (Application) async throws -> Result
    ) async throws -> Result {
        try await ThrowawayDatabase.with { database in
            let application = Application(postgres: database.configuration, connections: 4, parts: parts)
            try await application.migrate()
            return try await body(application)
        }
    }
}

/// Where the streams of accounts end, which shows an event that was taken twice or not at all.
private struct StreamEnds: Projection {
    static let name = "stream_ends"
    static let tables = [
        ReadModelTable(
            "stream_ends",
            "CREATE TABLE stream_ends (stream text COLLATE \"C\" PRIMARY KEY, version int8, events int8)")
    ]

    func project(_ recorded: Recorded<Account>, in transaction: Transaction) async throws {
        transaction.enqueue(
            """
            INSERT INTO stream_ends AS s VALUES (\(recorded.stream.name.description), \(recorded.version.rawValue), 1)
            ON CONFLICT (stream) DO UPDATE SET version = EXCLUDED.version, events = s.events + 1
            """)
    }

    static var difference: SQL {
        """
        SELECT FROM (
            SELECT stream_id AS stream, max(version) AS version, count(*) AS events
            FROM martlet.events WHERE stream_id LIKE 'account-%' GROUP BY stream_id
        ) log FULL JOIN read_models.stream_ends s USING (stream)
        WHERE (log.version, log.events) IS DISTINCT FROM (s.version, s.events)
        """
    }
}

/// What every event store promises, whatever it keeps its events in: each suite of this folder runs on all of them.
@Suite(.tags(.database)) enum StoreContract {}

extension EventStore {
    /// Appends `count` events of one cent each.
    @discardableResult
    func fill(_ id: Account.ID, _ count: Int, expecting expected: ExpectedVersion = .any) async throws -> Receipt {
        try await append([Account.Event](repeating: .received(cents: 1), count: count), to: id, expecting: expected)
    }

    func events(of id: Account.ID, after version: StreamVersion = .none) async throws -> [Recorded<Account>] {
        try await read(id, after: version).reduce(into: []) { $0.append($1) }
    }

    func log(after position: GlobalPosition = .start) async throws -> [StoredEvent] {
        try await readLog(after: position).reduce(into: []) { $0.append($1) }
    }
}

/// The conflict that `body` ends in.
func conflict(
    isolation: isolated (any Actor)? = #isolation, sourceLocation: SourceLocation = #_sourceLocation,
    in body: () async throws -> some Any
) async throws -> VersionConflict {
    let error = await #expect(throws: AppendError.self, sourceLocation: sourceLocation) { _ = try await body() }
    guard case .conflict(let conflict) = error else { throw UnexpectedError(error) }
    return conflict
}

/// The failure that `body` ends in, in words.
func failure(
    isolation: isolated (any Actor)? = #isolation, sourceLocation: SourceLocation = #_sourceLocation,
    in body: () async throws -> some Any
) async throws -> EventStoreError {
    let error = await #expect(throws: AppendError.self, sourceLocation: sourceLocation) { _ = try await body() }
    guard case .failed(let failure) = error else { throw UnexpectedError(error) }
    return failure
}

struct UnexpectedError: Error {
    init(_ error: (any Error)?) { found = error.map { "\($0)" } ?? "none" }
    let found: String
}
