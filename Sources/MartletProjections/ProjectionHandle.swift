public import MartletDomain
import MartletEventStore
package import MartletPostgres

/// One projection of an application: to ask how it is doing, to wait for it, and to operate it.
///
/// ```swift
/// let receipt = try await shop.execute(.pay(at: now), on: order)
/// try await shop.projection(OrderSummaries.self).caughtUp(to: receipt)
/// ```
public struct ProjectionHandle: Sendable {
    let writer: any ReadModelWriter
    let surroundings: ProjectionSurroundings
    /// Whether it commits with the appends; see ``Inline``.
    public let isInline: Bool

    package init(_ writer: any ReadModelWriter, in surroundings: ProjectionSurroundings, isInline: Bool = false) {
        (self.writer, self.surroundings, self.isInline) = (writer, surroundings, isInline)
    }

    public var name: String { writer.declaration.name }

    /// Makes the tables of the first build and returns their names; does nothing when there is one.
    /// - Throws: ``ProjectionError/declaredOtherwise(projection:version:)``, `PostgresError`.
    package func prepare() async throws -> [SQLIdentifier] {
        let builds = Builds(writer.declaration, surroundings)
        let missing = try await builds.missingTables()
        _ = try await builds.live()
        return missing
    }

    /// The tables that ``prepare()`` would make.
    package func missingTables() async throws -> [SQLIdentifier] {
        try await Builds(writer.declaration, surroundings).missingTables()
    }

    /// Whether ``prepare()`` has been here, also before the first migration.
    package func isPrepared() async throws -> Bool {
        try await Builds(writer.declaration, surroundings).isThere()
    }

    /// Keeps the read model up to date until the task is cancelled.
    package func run() async throws {
        if isInline { try await Self.keep(writer, surroundings) } else { try await Self.run(writer, surroundings) }
    }

    private static func keep(_ writer: some ReadModelWriter, _ surroundings: ProjectionSurroundings) async throws {
        try await InlineKeeper(writer: writer, surroundings: surroundings).run()
    }

    private static func run(_ writer: some ReadModelWriter, _ surroundings: ProjectionSurroundings) async throws {
        try await ProjectionRunner(writer, in: surroundings).run()
    }

    /// How it is doing, in whatever processes it runs.
    /// - Throws: `PostgresError` when the database cannot be asked.
    public func status() async throws -> ProjectionStatus {
        try await statusQuery.status()
    }

    private var statusQuery: StatusQuery { StatusQuery(declaration: writer.declaration, surroundings: surroundings) }

    /// Ends its work in all processes until it is resumed; once this returns nothing of it moves any more.
    /// - Throws: `PostgresError`.
    public func pause(because reason: String? = nil) async throws { try await control.pause(because: reason) }

    /// Lets it go on that was paused or has stopped.
    /// - Throws: `PostgresError`.
    public func resume() async throws { try await control.resume() }

    private var control: ProjectionControl { ProjectionControl(name, surroundings) }

    /// Waits until the read model has what a command did; false when that takes longer than the limit.
    /// - Throws: `PostgresError`, `CancellationError`.
    public func caughtUp(to receipt: Receipt, within limit: Duration = .seconds(5)) async throws -> Bool {
        try await caughtUp(to: receipt.position, within: limit)
    }

    /// Waits until the read model has everything up to a position, whatever processes run it; false when that takes
    /// longer than the limit.
    ///
    /// The processes that run it are asked, and tell when they are there, so that it takes no longer than their work; a
    /// look every quarter of a second stands behind that. A process that has waited for others keeps a session that
    /// listens.
    /// - Throws: `PostgresError`, `CancellationError`.
    public func caughtUp(to position: GlobalPosition, within limit: Duration = .seconds(5)) async throws -> Bool {
        try await CatchUp(projection: name, position: position, surroundings: surroundings)
            .isReached(by: .now + limit)
    }
}
