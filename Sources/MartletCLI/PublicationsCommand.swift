public import Martlet

/// The command `publications`: how the relays of an application's publications are doing, and what an operator does about
/// them.
///
/// A publication follows the log as a projection does, and is looked after in the same way; see ``ProjectionsCommand``.
public struct PublicationsCommand: Sendable {
    public static let syntax = CommandSyntax(
        "publications",
        "how the publications are doing, and what to do about those that are not well",
        positionals: [
            .optional("VERB", "status (default), pause, resume, parked, show, retry, discard, skip or replay"),
            .optional("NAME", "a publication's name, exactly"),
            .optional("KEY", "a parked key, exactly; for skip the event's position"),
        ],
        options: [
            .value("into", "TOPIC", "replay: another topic than its own; made like it when it is missing"),
            .value("after", "POSITION", "replay: only of what comes behind this position (all)"),
        ] + ProjectionsCommand.syntax.options,
        examples: [
            .init("publications", "how all are doing; exit code 1 when one wants somebody"),
            .init("publications status news --partitions", "one of them, with who relays it"),
            .init("publications pause news --reason WHY", "nothing is published until it is resumed"),
            .init("publications resume news", "what has happened meanwhile is published, too"),
            .init("publications parked", "the keys that wait behind an event that no message could be made of"),
            .init("publications show news order-17", "a key's parked events, with what they say"),
            .init("publications retry news order-17", "publishes them in order; 1 when one fails again"),
            .init("publications discard news order-17 --reason WHY --by ME --yes", "gives the first up"),
            .init(
                "publications replay news --into news.again",
                "what it says today of all events; the same line completes one that was broken off"),
            .init("publications replay news --into news.late --after 12000", "of what has happened since"),
        ])

    let publications: [PublicationHandle]
    private let engine: ProjectionsCommand

    public init(_ application: Application) {
        publications = application.publications
        engine = ProjectionsCommand(.publication, application.publications.map(\.follower))
    }

    /// The command, for an application's program.
    public var command: Command { .printing(Self.syntax, run) }

    /// Returns what is to be printed on standard output. A failure stands for a publication that wants somebody, and for a
    /// retry that failed again.
    /// - Throws: ``UsageError``, ``ParkingError``, ``PostgresError``; of a replay also ``PublicationError``,
    ///   ``StreamingLogError``, ``EventStoreError`` and what the publication throws.
    public func run(_ arguments: Arguments) async throws -> (text: String, exitCode: ExitCode) {
        guard let request = try Self.replay(arguments) else { return try await engine.run(arguments) }
        let answer = try await replay(request)
        let text = arguments.has("json") ? try answer.json : answer.lines.joined(separator: "\n")
        return (text, answer.exitCode)
    }
}
