public import Martlet
import MartletJSON

/// The command `verify`: reads every event of a store with the types of this build, and tells which it cannot read.
public struct VerifyCommand: Sendable {
    public static let syntax = CommandSyntax(
        "verify", "reads every stored event with the types of this build, and tells which it cannot; changes nothing",
        options: [.flag("json", "print one JSON object instead of text")],
        examples: [
            .init("verify", "before a release: can the new build read all that is stored?"),
            .init("verify --json > verify.json", "for a script; the exit code is 1 when an event cannot be read"),
        ])

    private let store: EventStore
    private let events: [KnownEvents]

    /// - Parameter events: what this build knows, each category once: `[.aggregate(Order.self)]`.
    public init(_ store: EventStore, _ events: [KnownEvents]) {
        self.store = store
        self.events = events
    }

    /// The command, for an application's program.
    public var command: Command { .printing(Self.syntax, run) }

    /// Returns what is to be printed on standard output, and a failure when an event of a known category cannot be read.
    /// - Throws: ``EventStoreError`` when the store cannot be read to its end.
    public func run(_ arguments: Arguments) async throws -> (text: String, exitCode: ExitCode) {
        var bar = ProgressBar(label: "verifying", noun: "events")
        defer { bar.finish() }
        let report = try await store.verify(against: events) { position, head in
            bar.update(
                items: Int(position.rawValue), fraction: Double(position.rawValue) / Double(max(1, head.rawValue)))
        }
        let text =
            arguments.has("json") ? String(decoding: try PayloadEncoder().encode(report), as: UTF8.self) : report.text
        return (text, report.isReadable ? .success : .failure)
    }
}

extension VerificationReport {
    fileprivate var text: String {
        let known = types.map { ("\($0.type) v\($0.typeVersion)", $0.tally) }
        let unknown = unknownCategories.map { ($0.category, "\($0.count.grouped) of a category unknown to this build") }
        let sections = [
            flaws.joined(separator: "\n"), CommandSyntax.aligned(known + unknown),
            types.flatMap(\.places).joined(separator: "\n"), verdict,
        ]
        return sections.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private var verdict: String {
        if isReadable { return "all \(count.grouped) events can be read" }
        return unreadable == 0
            ? "no event is unreadable yet, but nothing can be stored while a history contradicts itself"
            : "\(unreadable.grouped) of \(count.grouped) events cannot be read"
    }
}

extension VerificationReport.VerifiedType {
    fileprivate var tally: String {
        unreadable == 0 ? count.grouped : "\(count.grouped), \(unreadable.grouped) of them unreadable"
    }

    fileprivate var places: [String] {
        let listed = firstUnreadable.map { event in
            "\(type) v\(typeVersion) at position \(event.position) (stream \"\(event.stream)\", version"
                + " \(event.version)): \(event.problem)"
        }
        let rest = unreadable - firstUnreadable.count
        return rest == 0 ? listed : listed + ["\(type) v\(typeVersion): \(rest.grouped) more"]
    }
}
