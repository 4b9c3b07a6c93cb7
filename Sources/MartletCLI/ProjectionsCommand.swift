public import Martlet
import MartletJSON

/// The command `projections`: how an application's projections are doing, and what an operator does about them.
public struct ProjectionsCommand: Sendable {
    public static let syntax = CommandSyntax(
        "projections",
        "how the projections are doing, and what to do about those that are not well",
        positionals: [
            .optional("VERB", "status (default), pause, resume, parked, show, retry, discard or skip"),
            .optional("NAME", "a projection's name, exactly"),
            .optional("KEY", "a parked key, exactly; for skip the event's position"),
        ],
        options: [
            .flag("partitions", "status: with a line for each partition"),
            .value("reason", "WHY", "pause, discard, skip: why, for whoever asks later"),
            .value("by", "WHO", "discard, skip: who has decided it"),
            .flag("all", "retry: every parked key; discard: every parked event of the key"),
            .flag("yes", "discard, skip: do it, and not only say what would be done"),
            .flag("json", "print one JSON object instead of text"),
        ],
        examples: [
            .init("projections", "how all are doing; exit code 1 when one wants somebody"),
            .init("projections status sales --partitions", "one of them, with who works on it"),
            .init("projections pause sales --reason WHY", "ends its work in all processes"),
            .init("projections resume sales", "lets it go on, also where it has stopped"),
            .init("projections parked", "the keys that wait behind an event that failed"),
            .init("projections show sales order-17", "a key's parked events, with what they say"),
            .init("projections retry sales order-17", "projects them in order; 1 when one fails again"),
            .init("projections retry sales --all", "the same for every parked key"),
            .init("projections discard sales order-17 --reason WHY --by ME --yes", "gives the first up"),
            .init("projections skip sales 1204 --reason WHY --by ME --yes", "gives up what it stopped at"),
        ])

    /// What follows the log and can be looked after in this way.
    enum Kind: String {
        case projection
        case publication

        var plural: String { "\(rawValue)s" }

        /// What it has done with an event.
        var done: String {
            switch self {
            case .projection: "projected"
            case .publication: "published"
            }
        }

        /// What only its own command does.
        var ownVerbs: [String] { self == .publication ? ["replay"] : [] }
    }

    let kind: Kind
    private let handles: [ProjectionHandle]

    public init(_ application: Application) {
        (kind, handles) = (.projection, application.projections)
    }

    init(_ kind: Kind, _ handles: [ProjectionHandle]) {
        (self.kind, self.handles) = (kind, handles)
    }

    /// The command, for an application's program.
    public var command: Command { .printing(Self.syntax, run) }

    /// Returns what is to be printed on standard output. A failure stands for a projection that wants somebody: it has
    /// stopped, has parked keys, waits for a rebuild, or is behind while no process works on it; and for a retry that
    /// failed again.
    /// - Throws: ``UsageError``, ``ParkingError``, ``PostgresError``.
    public func run(_ arguments: Arguments) async throws -> (text: String, exitCode: ExitCode) {
        let request = try Self.request(arguments, of: kind)
        let answer: any Answer =
            switch request {
            case .status(let name, let partitions): try await status(name, partitions: partitions)
            case .pause(let name, let reason): try await pause(name, because: reason)
            case .resume(let name): try await resume(name)
            case .parked(let name): try await parked(name)
            case .show(let name, let key): try await show(name, key)
            case .retry(let name, let key):
                Retried(kind: kind, name: name, outcomes: [try await handle(name).retry(key)])
            case .retryAll(let name): Retried(kind: kind, name: name, outcomes: try await handle(name).retryAll())
            case .discard(let name, let key, let decision): try await discard(name, key, decision)
            case .skip(let name, let position, let decision): try await skip(name, position, decision)
            }
        let text = arguments.has("json") ? try answer.json : answer.lines.joined(separator: "\n")
        return (text, answer.exitCode)
    }

    /// What was found or done, for a person and for a machine.
    protocol Answer: Encodable, Sendable {
        var lines: [String] { get }
        var exitCode: ExitCode { get }
    }

    func handle(_ name: String) throws(UsageError) -> ProjectionHandle {
        guard let handle = handles.first(where: { $0.name == name }) else {
            let names = handles.map(\.name).joined(separator: ", ")
            throw UsageError("expected one of the \(kind.plural) \(names), found \"\(name)\"")
        }
        return handle
    }

    /// The one of that name, or all.
    func handles(_ name: String?) throws(UsageError) -> [ProjectionHandle] {
        if let name { [try handle(name)] } else { handles }
    }
}

extension ProjectionsCommand.Answer {
    var exitCode: ExitCode { .success }

    var json: String {
        get throws { String(decoding: try PayloadEncoder().encode(self), as: UTF8.self) }
    }
}
