public import MartletMessaging
public import MartletProcesses
public import MartletProjections
import MartletStreamingLog

/// Something that an application runs beside its commands: a projection, a process manager, or a publication.
public struct ApplicationPart: Sendable {
    enum Kind: Sendable {
        case projection(@Sendable (ProjectionSurroundings) -> ProjectionHandle)
        case processes(@Sendable (ProjectionSurroundings, TimeSource) -> ProcessHandle)
        case publication(Publishing)
    }

    let kind: Kind
    private(set) var isInline = false

    /// A projection, run by this process and shared with every other that runs it.
    public init<P: Projection>(_ projection: P) {
        kind = .projection { surroundings in
            ProjectionHandle(StatementWriter(projection, store: surroundings.store), in: surroundings)
        }
    }

    /// A projection whose rows are folded in memory.
    public init<P: TableProjection>(_ projection: P) {
        kind = .projection { surroundings in ProjectionHandle(TableWriter(projection), in: surroundings) }
    }

    /// A projection that commits with every append.
    public init(_ inline: Inline) {
        kind = .projection { surroundings in ProjectionHandle(inline, in: surroundings) }
        isInline = true
    }

    /// The instances of a process manager.
    public init(_ processes: Processes) { kind = .processes(processes.wire) }

    /// The messages of a publication.
    public init(_ publishing: Publishing) { kind = .publication(publishing) }

    var publishesIntoOwnLog: Bool {
        if case .publication(let publishing) = kind { publishing.isIntoOwnLog } else { false }
    }

    func publication(in surroundings: ProjectionSurroundings, _ log: EmbeddedLog) -> PublicationHandle? {
        if case .publication(let publishing) = kind { publishing.wire(surroundings, log) } else { nil }
    }

    func projection(in surroundings: ProjectionSurroundings) -> ProjectionHandle? {
        if case .projection(let wire) = kind { wire(surroundings) } else { nil }
    }

    func process(in surroundings: ProjectionSurroundings, _ time: TimeSource) -> ProcessHandle? {
        if case .processes(let wire) = kind { wire(surroundings, time) } else { nil }
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

    public static func buildExpression(_ processes: Processes) -> [ApplicationPart] { [.init(processes)] }

    public static func buildExpression(_ publishing: Publishing) -> [ApplicationPart] { [.init(publishing)] }

    public static func buildBlock(_ parts: [ApplicationPart]...) -> [ApplicationPart] { parts.flatMap(\.self) }

    public static func buildOptional(_ parts: [ApplicationPart]?) -> [ApplicationPart] { parts ?? [] }

    public static func buildEither(first parts: [ApplicationPart]) -> [ApplicationPart] { parts }

    public static func buildEither(second parts: [ApplicationPart]) -> [ApplicationPart] { parts }

    public static func buildArray(_ parts: [[ApplicationPart]]) -> [ApplicationPart] { parts.flatMap(\.self) }
}
