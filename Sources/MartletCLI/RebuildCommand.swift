import FoundationEssentials
public import Martlet

/// The command `projection-rebuild`: builds a read model anew beside the live one, and swaps it in.
public struct RebuildCommand: Sendable {
    public static let syntax = CommandSyntax(
        "projection-rebuild",
        "builds a read model anew beside the live one, checks it and swaps it in; readers notice nothing",
        positionals: [.required("NAME", "the projection")],
        options: [
            .flag("dry-run", "say what would happen and how long it may take; change nothing"),
            .value("throttle", "N", "read at most N events a second"),
            .value("until", "MOMENT", "build the state of a position, or a time such as 2026-11-21T08:00:00Z; no swap"),
            .flag("accept-differences", "swap although the new rows are not those of the live build"),
            .flag("again", "build a version that is live already, and drop the other version kept for a roll-back"),
            .flag("rollback", "bring back what the last rebuild replaced; a second one goes forward again"),
            .flag("drop-previous", "drop what the last rebuild replaced; there is no way back then"),
            .flag("json", "print progress and result as JSON, one object a line"),
        ],
        examples: [
            .init("projection-rebuild orders --dry-run", "look before you leap"),
            .init("projection-rebuild orders", "Ctrl-C or kill -9 ends it; the same line goes on from there"),
            .init("projection-rebuild orders --throttle 5000", "leave the database time for others"),
            .init("projection-rebuild orders --until 120000", "the past state beside the present one"),
            .init("projection-rebuild orders --rollback", "the new version was a mistake"),
        ])

    private let application: Application

    public init(_ application: Application) { self.application = application }

    /// The command, for an application's program; also a program by itself: `Program(RebuildCommand(app).command)`.
    public var command: Command { Command(Self.syntax) { arguments in try await run(arguments) } }

    /// Carries it out, a rebuild at a low priority of the process; prints the result on standard output, and the progress on standard error while a person looks.
    /// - Throws: ``UsageError``, ``RebuildError``, ``ProjectionError``, ``PostgresError``, ``EventStoreError``.
    public func run(_ arguments: Arguments) async throws -> ExitCode {
        let projection = try projection(named: arguments["NAME"] ?? "")
        let options = try options(arguments)
        let output = RebuildOutput(isJSON: arguments.has("json"))
        switch try mode(arguments) {
        case .rebuild: return try await rebuild(projection, options, output)
        case .dryRun:
            let plan = try await projection.planRebuild(options)
            output.write(plan)
            return plan.obstacles.isEmpty ? .success : .failure
        case .rollBack: output.write(try await projection.rollBack())
        case .dropPrevious: output.write(droppedVersion: try await projection.dropPrevious(), of: projection.name)
        }
        return .success
    }

    /// Until it is done, or a signal asks for its end.
    private func rebuild(
        _ projection: ProjectionHandle, _ options: RebuildOptions, _ output: RebuildOutput
    ) async throws -> ExitCode {
        // Nobody waits for it as they wait for a command's answer.
        BackgroundPriority.take()
        let signals = StopSignals()
        defer { signals.close() }
        let rebuild = Task { try await projection.rebuild(options) { output.show($0) } }
        let watch = Task { for await _ in signals.stream { return rebuild.cancel() } }
        defer { watch.cancel() }
        let outcome = await rebuild.result
        output.endProgress()
        if case .failure = outcome, rebuild.isCancelled {
            StandardStream.error.writeLine(
                "projection-rebuild: stopped; the live build serves on, and the same command goes on from the rows that are written"
            )
            return .failure
        }
        output.write(try outcome.get())
        return .success
    }

    // MARK: reading the command line

    private enum Mode: String, CaseIterable {
        case rebuild = ""
        case dryRun = "dry-run"
        case rollBack = "rollback"
        case dropPrevious = "drop-previous"
    }

    private func mode(_ arguments: Arguments) throws(UsageError) -> Mode {
        let given = Mode.allCases.filter { $0 != .rebuild && arguments.has($0.rawValue) }
        guard given.count <= 1 else {
            throw UsageError("expected one of \(given.map { "--" + $0.rawValue }.joined(separator: " and "))")
        }
        let mode = given.first ?? .rebuild
        let others =
            ["throttle", "until"].filter { arguments[$0] != nil }
            + ["accept-differences", "again"].filter { arguments.has($0) }
        if mode == .rollBack || mode == .dropPrevious, let other = others.first {
            throw UsageError("option \"--\(other)\" has no meaning with --\(mode.rawValue)")
        }
        return mode
    }

    private func projection(named name: String) throws(UsageError) -> ProjectionHandle {
        do throws(ProjectionError) { return try application.projection(named: name) } catch {
            let names = application.projections.map(\.name).joined(separator: ", ")
            throw UsageError("unknown projection \"\(name)\": expected \(names)")
        }
    }

    private func options(_ arguments: Arguments) throws(UsageError) -> RebuildOptions {
        RebuildOptions(
            throttle: try arguments.integer("throttle", in: 1...10_000_000),
            acceptsDifferences: arguments.has("accept-differences"), replacesPrevious: arguments.has("again"),
            until: try moment(arguments["until"]))
    }

    private func moment(_ text: String?) throws(UsageError) -> RebuildOptions.Moment? {
        guard let text else { return nil }
        if let position = Int64(text) { return .position(GlobalPosition(rawValue: position)) }
        do { return .date(try Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text)) } catch {
            throw UsageError(
                "option \"--until\": expected a position, or a time such as 2026-11-21T08:00:00Z, found \"\(text)\"")
        }
    }
}
