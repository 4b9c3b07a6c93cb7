import FoundationEssentials
public import Martlet

/// A database of its own for one test, dropped when the test ends.
///
/// The server is the one that the `PG*` environment variables name, best a throw-away one; a server that cannot be
/// reached fails the test.
public struct ThrowawayDatabase: Sendable {
    public let name: String
    public let configuration: PostgresConfiguration

    /// Makes a database, runs `body` on it and drops it, whatever is still connected.
    ///
    /// A process has at most eight at once, because tests that run side by side would take more connections than a server
    /// has; the others wait.
    public static func with<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: (ThrowawayDatabase) async throws -> Result
    ) async throws -> Result {
        // One within another must not wait for the place that its own test holds.
        guard !hasPlace else { return try await make(body) }
        return try await withPlace(among: places) {
            try await $hasPlace.withValue(true) { try await make(body) }
        }
    }

    private static let places = Places(8)
    @TaskLocal private static var hasPlace = false

    private static func make<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: (ThrowawayDatabase) async throws -> Result
    ) async throws -> Result {
        let name = "test_" + UUID().uuidString.lowercased().filter(\.isHexDigit)
        let identifier = try SQLIdentifier(name)
        let server = try await Connection.open(.environment)
        // template0: unlike template1, nobody can be connected to it, which would make the copy fail.
        try await server.execute("CREATE DATABASE \(identifier) TEMPLATE template0")
        let database = ThrowawayDatabase(name: name, configuration: .environment.database(name))
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(database)) } catch { result = .failure(error) }
        // A task of its own, because the test's may have been cancelled.
        try await Task { _ = try await server.execute("DROP DATABASE \(identifier) WITH (FORCE)") }.value
        return try result.get()
    }
}
