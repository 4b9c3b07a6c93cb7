import Foundation
import Martlet
import MartletCLI

/// One process that projects: what the bench runs itself as, with arguments that users never need.
///
/// It says `ready`, begins when it is sent a line, ends at the next one, and says the most memory that it had, in MiB.
struct ProjectWorker {
    private static let name = "project-worker"
    private let database: String

    /// Nil when the arguments ask for something else.
    init?(arguments: ArraySlice<String>) {
        guard arguments.count == 2, arguments.first == Self.name, let database = arguments.last else { return nil }
        self.init(database: database)
    }

    init(database: String) { self.database = database }

    var arguments: [String] { [Self.name, database] }

    func run() async throws {
        // A short lease: the second process has its share soon after the first.
        let application = Application(postgres: .environment.database(database), lease: .milliseconds(1500)) {
            BalancesInTwo()
        }
        _ = try await application.pool.query("SELECT 1")
        StandardStream.output.writeLine("ready")
        await nextLine()
        let running = Task { try await application.run() }
        await nextLine()
        running.cancel()
        _ = await running.result
        StandardStream.output.writeLine("\(Memory.peak ?? 0)")
    }

    /// Waits on a thread of its own, since those of the tasks are as few as the processors.
    private func nextLine() async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                _ = readLine()
                continuation.resume()
            }
        }
    }
}
