public import MartletProjections

/// Something that an application runs beside its commands: a projection.
public struct ApplicationPart: Sendable {
    let name: String
    let start: @Sendable (ProjectionSurroundings) -> RunningPart
}

/// A part wired to its store.
struct RunningPart: Sendable {
    let name: String
    let run: @Sendable () async throws -> Void
    let status: @Sendable () async throws -> ProjectionStatus
}

extension ApplicationPart {
    /// A projection, run by this process and shared with every other that runs it.
    public init<P: Projection>(_ projection: P) {
        name = P.name
        start = { surroundings in
            let runner = ProjectionRunner(projection, in: surroundings)
            return RunningPart(name: P.name, run: { try await runner.run() }, status: { try await runner.status() })
        }
    }
}

/// Lists the parts of an application: `Application(postgres: .environment) { Balances(); Statements() }`.
@resultBuilder
public enum ApplicationBuilder {
    public static func buildExpression<P: Projection>(_ projection: P) -> [ApplicationPart] { [.init(projection)] }

    public static func buildBlock(_ parts: [ApplicationPart]...) -> [ApplicationPart] { parts.flatMap(\.self) }

    public static func buildOptional(_ parts: [ApplicationPart]?) -> [ApplicationPart] { parts ?? [] }

    public static func buildEither(first parts: [ApplicationPart]) -> [ApplicationPart] { parts }

    public static func buildEither(second parts: [ApplicationPart]) -> [ApplicationPart] { parts }

    public static func buildArray(_ parts: [[ApplicationPart]]) -> [ApplicationPart] { parts.flatMap(\.self) }
}
