import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct AppendTests {
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

extension Tag {
    @Tag static var database: Tag
}
