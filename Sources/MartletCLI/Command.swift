import Martlet

/// One thing that a program does, such as `migrate`.
public struct Command: Sendable {
    public let syntax: CommandSyntax
    let run: @Sendable (Arguments) async throws -> ExitCode

    /// - Parameter run: throws ``UsageError`` for what the syntax cannot tell, and anything else as a failure.
    public init(_ syntax: CommandSyntax, run: @escaping @Sendable (Arguments) async throws -> ExitCode) {
        self.syntax = syntax
        self.run = run
    }

    /// One whose answer goes to standard output.
    static func printing(
        _ syntax: CommandSyntax,
        _ answer: @escaping @Sendable (Arguments) async throws -> (text: String, exitCode: ExitCode)
    ) -> Command {
        Command(syntax) { arguments in
            let (text, exitCode) = try await answer(arguments)
            StandardStream.output.writeLine(text)
            return exitCode
        }
    }
}

/// A program of several commands, or of one; its `main.swift` is `exit(await program.run(arguments).rawValue)`.
public struct Program: Sendable {
    public let name: String
    public let summary: String
    public let commands: [Command]
    /// Whether its words are those of its one command, which has the program's name.
    private let isSingle: Bool

    public init(_ name: String, _ summary: String, commands: [Command]) {
        self.name = name
        self.summary = summary
        self.commands = commands
        isSingle = false
    }

    /// A program that does one thing and takes no command's name: `projection-rebuild orders --dry-run`.
    public init(_ command: Command) {
        (name, summary, commands) = (command.syntax.name, command.syntax.summary, [command])
        isSingle = true
    }

    /// Runs the command that the words name; help goes to standard output, what went wrong to standard error.
    /// - Parameter words: without the program's own name.
    public func run(_ words: [String]) async -> ExitCode {
        if isSingle, let command = commands.first { return await run(command, words) }
        guard let first = words.first else { return refuse("expected a command, found nothing", hint: help) }
        if ["--help", "-h", "help"].contains(first) {
            StandardStream.output.writeLine(help)
            return .success
        }
        guard let command = commands.first(where: { $0.syntax.name == first }) else {
            let names = commands.map(\.syntax.name).joined(separator: ", ")
            return refuse("unknown command \"\(first)\": expected \(names)", hint: "try: \(name) --help")
        }
        return await run(command, Array(words.dropFirst()))
    }

    private func run(_ command: Command, _ words: [String]) async -> ExitCode {
        if words.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
            StandardStream.output.writeLine(command.syntax.help(program: name))
            return .success
        }
        do {
            return try await command.run(try command.syntax.parse(words))
        } catch let error as UsageError {
            return refuse(error.description, hint: "try: \(command.syntax.title(in: name)) --help")
        } catch {
            StandardStream.error.writeLine("\(command.syntax.title(in: name)): \(error)")
            if let advice = advice(on: error) { StandardStream.error.writeLine(advice) }
            return .failure
        }
    }

    /// What to do about a database that does not have the tables yet, or not all of them.
    func advice(on error: any Error) -> String? {
        let problem: PostgresError? =
            if case .database(let problem)? = error as? EventStoreError { problem } else { error as? PostgresError }
        guard let problem, [.undefinedTable, .undefinedFunction, .invalidSchemaName].contains(problem.sqlState),
            commands.contains(where: { $0.syntax.name == MigrateCommand.syntax.name })
        else { return nil }
        return "is the database up to date? try: \(name) \(MigrateCommand.syntax.name)"
    }

    private func refuse(_ problem: String, hint: String) -> ExitCode {
        StandardStream.error.writeLine("\(name): \(problem)\n\n\(hint)")
        return .usage
    }

    private var help: String {
        """
        \(name): \(summary)

        \(CommandSyntax.aligned(commands.map { ($0.syntax.name, $0.syntax.summary) }))

        \(name) COMMAND --help tells more about a command.
        """
    }
}
