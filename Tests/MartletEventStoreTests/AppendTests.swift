import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct AppendTests {
    @Test func `an append answers where its last event stands`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let store = application.store
            let first = try await store.append(
                [.received(cents: 1), .received(cents: 2)], to: Account.ID("ada"), expecting: .noStream)
            let second = try await store.append([.received(cents: 3)], to: Account.ID("bob"), expecting: .any)
            #expect(first == Receipt(version: 2, position: 2))
            #expect(second == Receipt(version: 1, position: 3))
        }
    }

    @Test func `events come back as they were appended`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let events: [Account.Event] = [.received(cents: 500), .sent(cents: 200, to: "bøb \u{1F600}\"\\")]
            try await application.store.append(
                events, to: Account.ID("ada"), expecting: .noStream, metadata: ["actor": "teller"])
            var found: [Recorded<Account>] = []
            for try await recorded in application.store.read(Account.ID("ada")) { found.append(recorded) }
            #expect(found.map(\.event) == events)
            #expect(found.map(\.version) == [1, 2])
            #expect(found.map(\.position) == [1, 2])
            #expect(found.allSatisfy { $0.stream == "ada" && $0.metadata["actor"] == "teller" })
            #expect(Set(found.map(\.id)).count == 2)
        }
    }

    @Test func `the log keeps the case's name as the type and its values as the payload`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            try await application.store.append(
                [.sent(cents: 500, to: "bob")], to: Account.ID("ada"), expecting: .noStream)
            let row = try await application.pool.query("SELECT stream_id, type, payload::text FROM martlet.events")[0]
            let (stream, type, payload) = try row.decode(String.self, String.self, String.self)
            #expect(stream == "account-ada")
            #expect(type == "account.sent")
            #expect(payload == #"{"cents":500,"to":"bob"}"#)
        }
    }

    @Test(arguments: [
        (ExpectedVersion.any, 0, true), (.any, 2, true),
        (.noStream, 0, true), (.noStream, 2, false),
        (.exists, 0, false), (.exists, 2, true),
        (.exactly(0), 0, true), (.exactly(2), 2, true), (.exactly(1), 2, false), (.exactly(3), 2, false),
        (.exactly(2), 0, false), (.exactly(-1), 0, false), (.exactly(-2), 2, false),
    ])
    func `each expectation holds or is a conflict with what was found`(
        expected: ExpectedVersion, present: Int, holds: Bool
    ) async throws {
        try await ThrowawayDatabase.withApplication { application in
            let id = Account.ID("ada")
            if present > 0 {
                let events = [Account.Event](repeating: .received(cents: 1), count: present)
                try await application.store.append(events, to: id, expecting: .noStream)
            }
            do throws(AppendError) {
                let receipt = try await application.store.append([.received(cents: 9)], to: id, expecting: expected)
                #expect(holds)
                #expect(receipt.version.rawValue == Int64(present) + 1)
            } catch {
                guard case .conflict(let conflict) = error else { throw error }
                #expect(!holds)
                #expect(conflict.stream == id.name)
                #expect(conflict.expected == expected)
                #expect(conflict.actual.rawValue == Int64(present))
            }
            #expect(try await application.store.head().rawValue == Int64(present) + (holds ? 1 : 0))
        }
    }

    @Test func `a conflict names the stream, what was expected and what was found`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let id = Account.ID("42")
            try await application.store.append([.received(cents: 1)], to: id, expecting: .noStream)
            let error = await #expect(throws: AppendError.self) {
                try await application.store.append([.received(cents: 1)], to: id, expecting: .exactly(3))
            }
            #expect(error?.description == "stream \"account-42\": expected version 3, found version 1")
        }
    }

    @Test(arguments: ["", String(repeating: "x", count: 600), "a\u{0}b"])
    func `a key that cannot be stored is refused before anything is sent`(key: String) async throws {
        try await ThrowawayDatabase.withApplication { application in
            let error = await #expect(throws: AppendError.self) {
                try await application.store.append([.received(cents: 1)], to: Account.ID(key), expecting: .any)
            }
            guard case .failed(.invalidStream) = error else { throw UnexpectedError(error) }
            #expect(try await application.store.head() == .start)
        }
    }

    @Test(arguments: ["o'brien", "a-b-c", "%s$1", "日本", "x\ny", "\"; DROP TABLE events; --"])
    func `any other key is a key like all others`(key: String) async throws {
        try await ThrowawayDatabase.withApplication { application in
            try await application.execute(.receive(cents: 7), on: Account.ID(key))
            #expect(try await application.store.load(Account.ID(key)).state.balance == 7)
        }
    }

    @Test func `an append without events is refused`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let error = await #expect(throws: AppendError.self) {
                try await application.store.append([], to: Account.ID("ada"), expecting: .any)
            }
            guard case .failed(.nothingToAppend) = error else { throw UnexpectedError(error) }
        }
    }

    @Test func `an append outside READ COMMITTED is refused`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let error = await #expect(throws: PostgresError.self) {
                try await application.pool.transaction(.repeatableRead) { transaction in
                    try await transaction.query(
                        """
                        SELECT * FROM martlet.append('{a-1}', '{-1}', '{1}', '{1}',
                            '{1}', '{1}', ARRAY[gen_random_uuid()], '{a.x}', '{1}', ARRAY['{}'::json],
                            ARRAY['{}'::json], '{}', '{}', '{}', '{}', '{}')
                        """)
                }
            }
            #expect(error?.sqlState.rawValue == "25000")
        }
    }

    @Test func `two schemas in one database keep logs of their own`() async throws {
        try await ThrowawayDatabase.with { database in
            let first = Application(postgres: database.configuration, schema: "tenant_a")
            let second = Application(postgres: database.configuration, schema: "tenant_b")
            for application in [first, second] {
                try await application.migrate()
                try await application.execute(.receive(cents: 1), on: Account.ID("ada"))
                #expect(try await application.store.head() == 1)
            }
        }
    }
}

struct UnexpectedError: Error {
    init(_ error: (any Error)?) { found = error.map { "\($0)" } ?? "none" }
    let found: String
}

extension Tag {
    @Tag static var database: Tag
}
