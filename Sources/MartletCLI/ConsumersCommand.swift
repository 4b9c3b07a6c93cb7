public import Martlet

/// The command `consumers`: how an application's consumers are doing, which messages they could not handle, and what an
/// operator does about those.
///
/// An application gives it to its `Program`. What is discarded and which holes are accepted is recorded in the database
/// with who has decided it and why, and `--decisions` tells.
public struct ConsumersCommand: Sendable {
    public static let syntax = CommandSyntax(
        "consumers",
        "how the consumers are doing, which messages they could not handle, and what to do about those",
        positionals: [
            .optional("NAME", "a consumer's name, exactly"),
            .optional("KEY", "the key of messages, exactly"),
        ],
        options: [
            .flag("letters", "NAME [KEY]: the messages that wait for another try or are dead"),
            .flag("decisions", "NAME [KEY]: what was discarded, replayed and accepted; when, by whom and why"),
            .value("limit", "N", "letters, decisions: the most at once (100)"),
            .flag("replay", "NAME KEY: handle the letters of the key in order; exit code 1 when one fails again"),
            .flag("replay-all", "NAME: handle all letters, those of each key in order"),
            .flag("discard", "NAME KEY: never handle the letters of the key"),
            .value("discard-letter", "N", "NAME: never handle the letter of this number"),
            .flag("pause", "NAME: end its work in all processes"),
            .flag("resume", "NAME: let it go on, also where it has stopped"),
            .value("accept-hole", "TOPIC/N", "NAME: let partition N go on though messages are missing"),
            .value("reason", "WHY", "discard, discard-letter, pause, accept-hole: why, for whoever asks later"),
            .value("by", "WHO", "discard, discard-letter, accept-hole: who has decided it"),
            .flag("yes", "discard: do it, and not only say what would be done"),
            .flag("json", "print one JSON object instead of text"),
        ],
        examples: [
            .init("consumers", "how all are doing; exit code 1 when one wants somebody"),
            .init("consumers notifications --letters", "what it could not handle, and why"),
            .init("consumers notifications --decisions", "what was decided, the last first"),
            .init("consumers notifications 42 --replay", "now that the program can handle it"),
            .init("consumers notifications --replay-all", "now that what it needs is back"),
            .init("consumers notifications 42 --discard --reason WHY --by ME --yes", "it was done by hand"),
            .init("consumers notifications --pause --reason WHY", "in all processes"),
            .init(
                "consumers notifications --accept-hole orders/0 --reason WHY --by ME",
                "what is missing never comes any more"),
        ])

    let consumers: Consumers

    public init(_ consumers: Consumers) { self.consumers = consumers }

    /// The command, for an application's program.
    public var command: Command { .printing(Self.syntax, run) }

    /// Returns what is to be printed on standard output. A failure stands for a consumer that wants somebody, and for a
    /// replay that failed again.
    /// - Throws: ``UsageError``, ``ConsumerError``, ``PostgresError``, ``StreamingLogError``.
    public func run(_ arguments: Arguments) async throws -> (text: String, exitCode: ExitCode) {
        let answer = try await answer(to: try Self.request(arguments))
        let text = arguments.has("json") ? try answer.json : answer.lines.joined(separator: "\n")
        return (text, answer.exitCode)
    }

    typealias Answer = ProjectionsCommand.Answer

    private func answer(to request: Request) async throws -> any Answer {
        switch request {
        case .overview(let name): return try await overview(name)
        case .letters(let name, let key, let limit):
            let letters = try await handle(name).letters(of: key, limit: limit)
            return Letters(consumer: name, letters: letters.map { Letters.Entry($0) })
        case .decisions(let name, let key, let limit):
            return Decisions(name, try await handle(name).decisions(of: key, limit: limit))
        case .replay(let name, let key): return Replayed(consumer: name, outcome: try await handle(name).replay(key))
        case .replayAll(let name): return Replayed(consumer: name, outcome: try await handle(name).replayAll())
        case .discard(let name, let key, let decision):
            let consumer = try handle(name)
            guard decision.isSure else {
                let letters = try await consumer.letters(of: key, limit: 100_000)
                return Discarded(consumer: name, letters: letters.count, isDone: false)
            }
            let count = try await consumer.discard(key, reason: decision.reason, by: decision.actor)
            return Discarded(consumer: name, letters: count, isDone: true)
        case .discardLetter(let name, let letter, let decision):
            try await handle(name).discard(letter: letter, reason: decision.reason, by: decision.actor)
            return Discarded(consumer: name, letters: 1, isDone: true)
        case .pause(let name, let reason):
            try await handle(name).pause(reason: reason)
            return try await overview(name)
        case .acceptHole(let name, let partition, let decision):
            try await handle(name).acceptHole(in: partition, reason: decision.reason, by: decision.actor)
            return try await overview(name)
        case .resume(let name):
            try await handle(name).resume()
            return try await overview(name)
        }
    }

    func handle(_ name: String) throws(UsageError) -> ConsumerHandle {
        guard let handle = consumers.consumer(named: name) else {
            let names = consumers.consumers.map(\.name).joined(separator: ", ")
            throw UsageError("expected one of the consumers \(names), found \"\(name)\"")
        }
        return handle
    }
}
