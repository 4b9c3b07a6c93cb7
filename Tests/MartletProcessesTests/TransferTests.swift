import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct TransferTests {
    /// An application with two accounts, that runs while the body does.
    static func withBank(
        _ examiner: Examiner = Examiner(), _ body: @Sendable (Application) async throws -> Void
    ) async throws {
        try await ThrowawayDatabase.with { database in
            let bank = Application(postgres: database.configuration) { Processes(Transfers.self, calling: examiner) }
            try await bank.migrate()
            let running = Task { try await bank.run() }
            defer { running.cancel() }
            try await bank.execute(.open(cents: 100), on: Account.ID("ada"))
            try await bank.execute(.open(cents: 0), on: Account.ID("bob"))
            try await body(bank)
        }
    }

    static func status(of transfer: String, in bank: Application) async throws -> String? {
        try await bank.pool.query("SELECT status FROM martlet.process_instances WHERE instance = \(transfer)")
            .first?.decode(String.self)
    }

    static func awaitEnd(of transfer: String, in bank: Application) async throws -> String? {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let found = try await status(of: transfer, in: bank)
            if found == "completed" || found == "compensated" || deadline < .now { return found }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test func `a transfer is examined and delivered`() async throws {
        try await Self.withBank { bank in
            try await bank.execute(.send(cents: 30, to: "bob", transfer: "t1"), on: Account.ID("ada"))
            #expect(try await Self.awaitEnd(of: "t1", in: bank) == "completed")
            #expect(try await bank.store.load(Account.ID("bob")).state.balance == 30)
        }
    }

    @Test func `a suspicious transfer is given back`() async throws {
        try await Self.withBank(Examiner { _, _ in .suspicious }) { bank in
            try await bank.execute(.send(cents: 30, to: "bob", transfer: "t1"), on: Account.ID("ada"))
            #expect(try await Self.awaitEnd(of: "t1", in: bank) == "compensated")
            #expect(try await bank.store.load(Account.ID("ada")).state.balance == 100)
        }
    }

    @Test func `a transfer to a closed account is given back`() async throws {
        try await Self.withBank { bank in
            try await bank.execute(.close, on: Account.ID("bob"))
            try await bank.execute(.send(cents: 30, to: "bob", transfer: "t1"), on: Account.ID("ada"))
            #expect(try await Self.awaitEnd(of: "t1", in: bank) == "compensated")
            #expect(try await bank.store.load(Account.ID("ada")).state.balance == 100)
        }
    }
}

extension Tag {
    @Tag static var database: Tag
}
