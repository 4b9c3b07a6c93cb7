import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct ContentionTests {
    private enum Ending {
        case won(StreamVersion)
        case lost(VersionConflict)
    }

    /// Runs `count` appends at once and says how each ended.
    private func race(
        _ count: Int, on store: EventStore, to id: Account.ID, expecting expected: ExpectedVersion
    ) async throws -> [Ending] {
        try await withThrowingTaskGroup(of: Ending.self) { group in
            for number in 0..<count {
                group.addTask {
                    do throws(AppendError) {
                        let event = Account.Event.received(cents: number)
                        return .won(try await store.append([event], to: id, expecting: expected).version)
                    } catch {
                        guard case .conflict(let conflict) = error else { throw error }
                        return .lost(conflict)
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test func `of 64 that create the same stream one wins and the others see its version`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let endings = try await race(64, on: application.store, to: "ada", expecting: .noStream)
            let won = endings.compactMap { if case .won(let version) = $0 { version } else { nil } }
            let lost = endings.compactMap { if case .lost(let conflict) = $0 { conflict } else { nil } }
            #expect(won == [1])
            #expect(lost.count == 63)
            #expect(lost.allSatisfy { $0.actual == 1 && $0.expected == .noStream })
        }
    }

    @Test func `64 commands at once on one aggregate are each decided on what the others left`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            try await application.execute(.receive(cents: 30), on: Account.ID("ada"))
            let accepted = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<64 {
                    group.addTask { try await sendOneCent(from: "ada", application) }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(accepted == 30)
            #expect(try await application.store.load(Account.ID("ada")).state.balance == 0)
        }
    }

    /// True when it was sent, false when the account was empty; tries again when others were always faster.
    @Sendable private func sendOneCent(from id: Account.ID, _ application: Application) async throws -> Bool {
        while true {
            do throws(ExecuteError<Account.Rejection>) {
                try await application.execute(.send(cents: 1, to: "bob"), on: id)
                return true
            } catch {
                switch error {
                case .rejected(.insufficientFunds(let missing)):
                    #expect(missing == 1)
                    return false
                case .conflict: continue
                case .unknown, .failed: throw error
                }
            }
        }
    }

    @Test func `a follower that never rests sees positions 1 to N without a hole while many append`() async throws {
        try await ThrowawayDatabase.withApplication { application in
            let total = 600
            // Another pool: appends come from two clients that know nothing of each other.
            let other = EventStore(ConnectionPool(application.pool.configuration))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<20 {
                    let store = writer.isMultiple(of: 2) ? application.store : other
                    group.addTask {
                        for number in 0..<(total / 20) {
                            let id = Account.ID("\(writer)-\(number)")
                            try await store.append([.received(cents: number)], to: id, expecting: .noStream)
                        }
                    }
                }
                group.addTask { try await followToPosition(total, other) }
                try await group.waitForAll()
            }
            let versions = try await application.pool.query(
                "SELECT count(*), min(position), max(position) FROM martlet.events")[0]
            #expect(try versions.decode(Int.self, Int.self, Int.self) == (total, 1, total))
        }
    }

    /// Reads on as fast as it can; ``EventStore/readLog(after:)`` throws at the first hole.
    @Sendable private func followToPosition(_ last: Int, _ store: EventStore) async throws {
        var seen = GlobalPosition.start
        while seen.rawValue < last {
            for try await event in store.readLog(after: seen) {
                #expect(event.position.rawValue == seen.rawValue + 1)
                seen = event.position
            }
        }
    }
}
