import Glibc
import Martlet
import MartletCLI

/// The command `import`.
struct ImportCommand: Sendable {
    static let syntax = CommandSyntax(
        "import", "places the orders of a file of JSON lines, and takes their steps; safe to run again",
        positionals: [.required("FILE", "orders, one JSON object a line; - is standard input")],
        options: [
            .value("url", "URL", "bring them to this service over HTTP instead of straight to the database"),
            .value("rejects", "FILE", "where rejected lines go (default: the input's name and .rejects.jsonl)"),
            .value("concurrency", "N", "orders on their way at once (default: 16)"),
            .flag("fulfil", "request the fulfilment of each order in place of the steps in the file"),
            .value("cancel-every", "N", "have the customer of every Nth line want to cancel; with --fulfil"),
            .flag("wait", "wait until the read models have caught up"),
            .flag("json", "print the summary as one JSON object"),
        ],
        examples: [
            .init("import Data/orders.jsonl --wait"),
            .init("import Data/orders.jsonl --url http://127.0.0.1:8080", "through a running service"),
            .init("import Data/orders.jsonl --fulfil --cancel-every 50", "some change their minds"),
            .init("import - --json < orders.jsonl", "from a pipe, for a program"),
        ])

    private let application: Application
    private let path: String
    private let rejectsPath: String
    private let url: String?
    private let concurrency: Int
    private let steps: ImportedSteps
    private let isWaiting: Bool
    private let isJSON: Bool

    init(_ arguments: Arguments, _ application: Application) throws(UsageError) {
        self.application = application
        path = arguments["FILE"] ?? "-"
        rejectsPath = arguments["rejects"] ?? (path == "-" ? "orders" : path) + ".rejects.jsonl"
        url = arguments["url"]
        concurrency = try arguments.integer("concurrency", in: 1...256) ?? 16
        steps = try Self.steps(arguments)
        isWaiting = arguments.has("wait")
        isJSON = arguments.has("json")
        guard !Self.isSameFile(path, rejectsPath) else {
            throw UsageError("option \"--rejects\": expected another file than the input, found \"\(rejectsPath)\"")
        }
    }

    private static func steps(_ arguments: Arguments) throws(UsageError) -> ImportedSteps {
        let every = try arguments.integer("cancel-every", in: 1...1_000_000)
        guard arguments.has("fulfil") else {
            guard every == nil else { throw UsageError("option \"--cancel-every\": expected --fulfil, too") }
            return .asWritten
        }
        return every.map { .fulfilmentCancelling(every: $0) } ?? .fulfilment
    }

    func run() async throws -> ExitCode {
        if let url {
            return try await run(on: try ServiceDestination(url: url)) { wait in
                try await wait()
            }
        }
        // Without a service nobody else may be there to build the read models.
        return try await run(on: ApplicationDestination(application: application)) { wait in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await application.run() }
                group.addTask { try await wait() }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    private func run<Destination: OrderDestination>(
        on destination: Destination, whileBuilding: (@escaping @Sendable () async throws -> Void) async throws -> Void
    ) async throws -> ExitCode {
        let input = try InputFile(path: path)
        defer { input.close() }
        let work = OrderImport(destination: destination, concurrency: concurrency, steps: steps)
        var summary = try await work.run(input, rejectsPath: rejectsPath)
        if isWaiting, summary.stopped == nil {
            let begun = ContinuousClock.now
            let target = GlobalPosition(rawValue: summary.lastPosition)
            try await whileBuilding { try await CatchingUp(destination: destination).wait(for: target) }
            summary.caughtUpAfterSeconds = (ContinuousClock.now - begun) / .seconds(1)
        }
        StandardStream.output.writeLine(isJSON ? try summary.json : summary.text)
        return summary.exitCode
    }

    private static func isSameFile(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        return stat(one, &first) == 0 && stat(other, &second) == 0
            && first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }
}
