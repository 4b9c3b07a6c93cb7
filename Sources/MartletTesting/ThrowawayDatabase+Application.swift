public import Martlet

extension ThrowawayDatabase {
    /// Makes a database, migrates Martlet's schema in it and runs `body` on an application there.
    public static func withApplication<Result>(
        schema: SQLIdentifier = "martlet", isolation: isolated (any Actor)? = #isolation,
        @ApplicationBuilder parts: () -> [ApplicationPart] = { [] },
        _ body: (Application) async throws -> Result
    ) async throws -> Result {
        try await with { database in
            let application = Application(postgres: database.configuration, schema: schema, parts: parts)
            try await application.migrate()
            return try await body(application)
        }
    }
}
