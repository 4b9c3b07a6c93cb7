import Foundation
import Martlet
import MartletCLI

/// One process that rebuilds, by the command that an operator uses: what the bench runs itself as.
///
/// It says `ready` and begins when it is sent a line; the command's own output follows.
struct RebuildWorker {
    private static let name = "rebuild-worker"
    private let database: String

    /// Nil when the arguments ask for something else.
    init?(arguments: ArraySlice<String>) {
        guard arguments.count == 2, arguments.first == Self.name, let database = arguments.last else { return nil }
        self.init(database: database)
    }

    init(database: String) { self.database = database }

    var arguments: [String] { [Self.name, database] }

    func run() async throws {
        let application = Application(postgres: .environment.database(database)) { Balances() }
        _ = try await application.pool.query("SELECT 1")
        StandardStream.output.writeLine("ready")
        _ = readLine()
        let code = try await RebuildCommand(application).run(RebuildCommand.syntax.parse([Balances.name]))
        exit(code.rawValue)
    }
}
