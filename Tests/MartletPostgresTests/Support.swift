import MartletPostgres
import MartletTesting
import Testing

extension Tag {
    @Tag static var database: Tag
}

func withConnection<Result>(_ body: (Connection) async throws -> Result) async throws -> Result {
    try await ThrowawayDatabase.with { database in
        try await body(try await Connection.open(database.configuration))
    }
}

extension Connection {
    func value<Value: PostgresDecodable>(_ sql: SQL, as type: Value.Type = Value.self) async throws -> Value {
        try #require(try await query(sql).first).decode(type)
    }
}
