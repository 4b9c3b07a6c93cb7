public import MartletProjections

/// Something that an application runs beside its commands: a projection.
public struct ApplicationPart: Sendable {
    let wire: @Sendable (ProjectionSurroundings) -> ProjectionHandle
    private(set) var isInline = false

    /// A projection, run by this process and shared with every other that runs it.
    public init<P: Projection>(_ projection: P) {
        wire = { surroundings in
            ProjectionHandle(StatementWriter(projection, store: surroundings.store), in: surroundings)
        }
    }

    /// A projection whose rows are folded in memory.
    public init<P: TableProjection>(_ projection: P) {
        wire = { surroundings in ProjectionHandle(TableWriter(projection), in: surroundings) }
    }

    /// A projection that commits with every append.
    public init(_ inline: Inline) {
        wire = { surroundings in ProjectionHandle(inline, in: surroundings) }
        isInline = true
    }
}

/// Lists the parts of an application: `Application(postgres: .environment) { Balances(); Statements() }`.
@resultBuilder
public enum ApplicationBuilder {
    public static func buildExpression<P: Projection>(_ projection: P) -> [ApplicationPart] { [.init(projection)] }

    public static func buildExpression<P: TableProjection>(_ projection: P) -> [ApplicationPart] {
        [.init(projection)]
    }

    public static func buildExpression(_ inline: Inline) -> [ApplicationPart] { [.init(inline)] }

    public static func buildBlock(_ parts: [ApplicationPart]...) -> [ApplicationPart] { parts.flatMap(\.self) }

    public static func buildOptional(_ parts: [ApplicationPart]?) -> [ApplicationPart] { parts ?? [] }

    public static func buildEither(first parts: [ApplicationPart]) -> [ApplicationPart] { parts }

    public static func buildEither(second parts: [ApplicationPart]) -> [ApplicationPart] { parts }

    public static func buildArray(_ parts: [[ApplicationPart]]) -> [ApplicationPart] { parts.flatMap(\.self) }
}
