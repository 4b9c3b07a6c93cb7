import Foundation
import Martlet

/// Runs a process manager until it is ended, on the database that the environment names; or sends it work.
@main struct Fixture {
    static func main() async throws {
        let lease = ProcessInfo.processInfo.environment["FIXTURE_LEASE_MILLISECONDS"].flatMap(Int.init) ?? 1000
        let ledger = Ledger()
        let application = Application(postgres: .environment, connections: 8, lease: .milliseconds(lease)) {
            Processes(Transfers.self, calling: Examiner(ledger: ledger), Clerk(ledger: ledger))
        }
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case "migrate":
            try await application.migrate()
            try await ledger.prepare()
            try await openAccounts(application)
        case "load":
            let numbers = arguments.dropFirst().compactMap(Int.init)
            guard numbers.count == 2 else { fatalError("expected: load TRANSFERS SECONDS") }
            try await load(numbers[0], over: .seconds(numbers[1]), application)
        default: try await application.run()
        }
    }

    private static let accounts = 20

    /// Two are closed, so that nothing can be delivered to them.
    private static func openAccounts(_ application: Application) async throws {
        for number in 0..<accounts { try await application.execute(.open(cents: 100_00), on: Account.ID("\(number)")) }
        for number in 0..<2 { try await application.execute(.close, on: Account.ID("\(number)")) }
    }

    /// Bursts and pauses, so that partitions are behind, level and idle by turns.
    private static func load(_ transfers: Int, over time: Duration, _ application: Application) async throws {
        for number in 0..<transfers {
            if number.isMultiple(of: 10) { try await Task.sleep(for: time * 10 / transfers) }
            let (from, to) = (Int.random(in: 0..<accounts), Int.random(in: 0..<accounts))
            try await send("t\(number)", from: from, to: to, application)
        }
    }

    private static func send(_ transfer: String, from: Int, to: Int, _ application: Application) async throws {
        while true {
            do throws(ExecuteError<Account.Rejection>) {
                try await application.execute(
                    .send(cents: 7, to: Account.ID("\(to)"), transfer: transfer), on: Account.ID("\(from)"),
                    as: CommandID("send/\(transfer)"))
                return
            } catch {
                FileHandle.standardError.write(Data("\(error)\n".utf8))
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }
}
