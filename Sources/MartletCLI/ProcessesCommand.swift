public import Martlet

/// The command `processes`: how an application's process managers and their instances are doing, and what an operator does
/// about those that do not go on.
///
/// An application gives it to its `Program`; decisions are recorded in the log with who made them and why.
public struct ProcessesCommand: Sendable {
    public static let syntax = CommandSyntax(
        "processes",
        "how the process managers are doing, why an instance is stuck, and what to do about it",
        positionals: [
            .optional("NAME", "a process manager's name, exactly"),
            .optional("KEY", "an instance's key, exactly"),
        ],
        options: [
            .flag("stuck", "NAME: the instances that do not go on by themselves"),
            .value("in", "STATUS", "NAME: those that are running, compensating, completed or compensated"),
            .value("limit", "N", "stuck, in, history: the most at once (100)"),
            .flag("history", "NAME KEY: what each input has come to"),
            .value("retry", "STEP", "NAME KEY: have a parked step tried again; its name or number"),
            .flag("retry-all", "NAME: have all parked steps tried again, as after an outage"),
            .value("step", "STEP", "retry-all: only those of this name"),
            .value("skip", "STEP", "NAME KEY: never have a parked step"),
            .flag("compensate", "NAME KEY: undo what the instance has done"),
            .flag("retry-input", "NAME KEY: react to the parked inputs in order; exit code 1 when one fails again"),
            .flag("discard-input", "NAME KEY: never react to the first parked input"),
            .flag("pause", "NAME: end its work in all processes"),
            .flag("resume", "NAME: let it go on, also where it has stopped"),
            .flag("diagram", "NAME: what the instances have done, as a Mermaid state diagram"),
            .value("forget-ended", "DAYS", "NAME: delete instances that ended so many days ago, and their histories"),
            .value("reason", "WHY", "skip, compensate, discard-input, pause: why, for whoever asks later"),
            .value("by", "WHO", "retry, retry-all, skip, compensate, discard-input: who has decided it"),
            .flag("yes", "discard-input, forget-ended: do it, and not only say what would be done"),
            .flag("json", "print one JSON object instead of text"),
        ],
        examples: [
            .init("processes", "how all are doing; exit code 1 when one wants somebody"),
            .init("processes transfer --stuck", "which do not go on"),
            .init("processes transfer 42", "why 42 does not: what it waits for"),
            .init("processes transfer 42 --history", "how it came to that"),
            .init("processes transfer 42 --retry giveBack --by ME", "now that what was wrong is mended"),
            .init("processes transfer --retry-all --by ME", "now that the provider is back"),
            .init("processes transfer 42 --skip giveBack --reason WHY --by ME", "it was done by hand"),
            .init("processes transfer 42 --compensate --reason WHY --by ME", "undoes its steps backwards"),
            .init("processes transfer 42 --retry-input", "once the program can react to it"),
            .init("processes transfer --diagram > transfer.mmd", "what they really do"),
            .init("processes transfer --forget-ended 90 --yes", "keep three months"),
        ])

    let application: Application

    public init(_ application: Application) { self.application = application }

    /// The command, for an application's program.
    public var command: Command { .printing(Self.syntax, run) }

    /// Returns what is to be printed on standard output. A failure stands for a process manager or an instance that wants
    /// somebody, and for a retry that failed again.
    /// - Throws: ``UsageError``, ``ProcessOperationError``, ``ParkingError``, ``PostgresError``, ``AppendError``.
    public func run(_ arguments: Arguments) async throws -> (text: String, exitCode: ExitCode) {
        let answer = try await answer(to: try Self.request(arguments))
        let text = arguments.has("json") ? try answer.json : answer.lines.joined(separator: "\n")
        return (text, answer.exitCode)
    }

    typealias Answer = ProjectionsCommand.Answer

    private func answer(to request: Request) async throws -> any Answer {
        switch request {
        case .overview(let name): return try await overview(name)
        case .why(let name, let key): return try await why(name, key)
        case .history(let name, let key, let limit): return try await history(name, key, limit: limit)
        case .list(let name, let filter, let limit): return try await list(name, filter, limit: limit)
        case .retry(let name, let key, let step, let actor):
            let process = try handle(name)
            return try await decided(process, key, try await process.retry(step, of: key, by: actor))
        case .retryAll(let name, let step, let actor): return try await retryAll(name, step, by: actor)
        case .skip(let name, let key, let step, let decision):
            let process = try handle(name)
            return try await decided(
                process, key,
                try await process.skip(step, of: key, reason: decision.reason, by: decision.actor))
        case .compensate(let name, let key, let decision):
            let process = try handle(name)
            return try await decided(
                process, key, try await process.compensate(key, reason: decision.reason, by: decision.actor))
        case .retryInput(let name, let key): return try await retryInput(name, key)
        case .discardInput(let name, let key, let decision): return try await discard(name, key, decision)
        case .pause(let name, let reason):
            try await handle(name).pause(because: reason)
            return Changed(process: try await handle(name).status(), what: "paused")
        case .resume(let name):
            try await handle(name).resume()
            return Changed(process: try await handle(name).status(), what: "resumed")
        case .diagram(let name): return Diagram(process: name, mermaid: try await handle(name).diagram())
        case .forget(let name, let days, let isSure): return try await forget(name, days: days, isSure: isSure)
        }
    }

    func handle(_ name: String) throws(UsageError) -> ProcessHandle {
        guard let handle = application.processes.first(where: { $0.name == name }) else {
            let names = application.processes.map(\.name).joined(separator: ", ")
            guard !names.isEmpty else {
                throw UsageError("expected an application with process managers, found \"\(name)\" and none there")
            }
            throw UsageError("expected one of the process managers \(names), found \"\(name)\"")
        }
        return handle
    }
}
