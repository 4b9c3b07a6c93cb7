import Martlet
import MartletCLI

/// One process of callers that begin new streams: what the bench runs itself as, with arguments that users never need.
///
/// It says `ready` when its callers are warm, begins when it is sent a line, and reports microseconds: its whole time,
/// then each append's.
struct AppendWorker {
    private static let name = "append-worker"
    private let database: String
    private let callers: Int
    private let seconds: Int

    /// Nil when the arguments ask for something else.
    init?(arguments: ArraySlice<String>) throws {
        guard let first = arguments.first else { return nil }
        let rest = arguments.dropFirst()
        let numbers = rest.dropFirst().compactMap { Int($0) }
        guard first == Self.name, let database = rest.first, numbers.count == 2 else {
            throw UsageError("expected no arguments, found \"\(arguments.joined(separator: " "))\"")
        }
        self.init(database: database, callers: numbers[0], seconds: numbers[1])
    }

    init(database: String, callers: Int, seconds: Int) {
        self.database = database
        self.callers = callers
        self.seconds = seconds
    }

    var arguments: [String] { [Self.name, database, "\(callers)", "\(seconds)"] }

    func run() async throws {
        let application = Application(postgres: .environment.database(database))
        let callers = try await Load.warmed(Array(repeating: NewStreams(store: application.store), count: callers))
        StandardStream.output.writeLine("ready")
        _ = readLine()
        let (latencies, elapsed) = try await Load(seconds: seconds).run(callers)
        let lines = ([elapsed] + latencies).map { "\(Int($0 / .microseconds(1)))" }
        StandardStream.output.writeLine(lines.joined(separator: "\n"))
    }
}
