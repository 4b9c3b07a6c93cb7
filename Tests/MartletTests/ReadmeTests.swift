import Foundation
import Martlet
import MartletTesting
import Testing

struct ReadmeTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    private static func lines(of path: String) throws -> [String] {
        try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// The lines of the README's Swift blocks, in order.
    private static func readmeCode() throws -> [String] {
        var (code, isInside): ([String], Bool) = ([], false)
        for line in try lines(of: "../../README.md") {
            switch (line, isInside) {
            case ("```swift", false): isInside = true
            case ("```", true): isInside = false
            case (_, true): code.append(line)
            default: break
            }
        }
        return code
    }

    @Test func `the README's code is the code that this test target compiles`() throws {
        let compiled = try Self.lines(of: "ReadmeExample.swift")
        let shown = try Self.readmeCode()
        #expect(shown.count > 40)
        var rest = compiled[...]
        for line in shown where !line.isEmpty {
            let place = try #require(rest.firstIndex(of: line), "not in ReadmeExample.swift, or out of order: \(line)")
            rest = rest[(place + 1)...]
        }
    }

    @Test func `every file that the README names is there`() throws {
        let text = try String(contentsOf: Self.folder.appendingPathComponent("../../README.md"), encoding: .utf8)
        let names = text.matches(of: /\]\(([^)#]+)\)/).map { String($0.output.1) }.filter { !$0.hasPrefix("http") }
        #expect(names.count > 10)
        for name in names {
            let path = Self.folder.appendingPathComponent("../../\(name)").path
            #expect(FileManager.default.fileExists(atPath: path), "\(name)")
        }
    }

    @Test func `the README's messages are taken in another database`() async throws {
        try await ThrowawayDatabase.with { bank in
            try await ThrowawayDatabase.with { office in
                let application = Application(postgres: bank.configuration) { Publishing(AccountMessages()) }
                try await application.migrate()
                try await application.execute(.receive(cents: 20_00), on: Account.ID("ada"))
                try await application.execute(.send(cents: 5_00, to: "bob"), on: Account.ID("ada"))
                let statements = ConnectionPool(office.configuration, size: 1)
                try await statements.execute("CREATE TABLE statements (account text NOT NULL, cents bigint NOT NULL)")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await application.run() }
                    group.addTask {
                        try await writeStatements(from: bank.configuration, into: office.configuration)
                    }
                    while try await statements.query("SELECT FROM statements").isEmpty {
                        try await Task.sleep(for: .milliseconds(20))
                    }
                    group.cancelAll()
                    while await group.nextResult() != nil {}
                }
                let row = try await statements.query("SELECT account, cents FROM statements")[0]
                #expect(try row.decode(String.self, Int.self) == ("ada", 5_00))
            }
        }
    }

    @Test func `the README's bank opens`() async throws {
        try await ThrowawayDatabase.with { database in
            try await openBank(database.configuration)
            let pool = ConnectionPool(database.configuration, size: 1)
            let row = try await pool.query("SELECT account, cents FROM read_models.balances")[0]
            let (account, cents) = try row.decode(String.self, Int.self)
            #expect(account == "ada")
            #expect(cents == 15_00)
        }
    }

    @Test func `the README's transfers arrive, or come back`() async throws {
        try await ThrowawayDatabase.with { database in
            let bank = Application(postgres: database.configuration) { Processes(Transfers.self) }
            try await bank.migrate()
            let running = Task { try await bank.run() }
            defer { running.cancel() }
            let (ada, bob, rich) = (Account.ID("ada"), Account.ID("bob"), Account.ID("rich"))
            try await bank.execute(.receive(cents: 20_00), on: ada)
            try await bank.execute(.receive(cents: Account.mostCents), on: rich)
            try await bank.execute(.send(cents: 5_00, to: bob), on: ada)
            try await bank.execute(.send(cents: 7_00, to: rich), on: ada)
            let deadline = ContinuousClock.now + .seconds(20)
            func ends() async throws -> [String] {
                try await bank.pool.query(
                    "SELECT status FROM martlet.process_instances WHERE ended_at IS NOT NULL ORDER BY status"
                ).map { try $0.decode(String.self) }
            }
            while try await ends().count < 2, .now < deadline { try await Task.sleep(for: .milliseconds(20)) }
            #expect(try await ends() == ["compensated", "completed"])
            #expect(try await bank.store.load(ada).state.balance == 15_00)
            #expect(try await bank.store.load(bob).state.balance == 5_00)
        }
    }
}
