import Martlet
import Testing

extension StoreContract {
    /// The log read both ways and through filters, streams backwards and as of a moment, and subscriptions.
    struct LogReading {
        private func positions(
            _ store: EventStore, _ direction: ReadDirection = .forwards, after position: GlobalPosition? = nil,
            filter: LogFilter = .all
        ) async throws -> [Int64] {
            try await store.readLog(direction, after: position, filter: filter).reduce(into: []) {
                $0.append($1.position.rawValue)
            }
        }

        /// 2,400 events: accounts and gauges in turn, every hundredth account's event sent.
        private func fill(_ store: EventStore) async throws {
            for number in 0..<12 {
                let accounts = (0..<100).map { Account.Event.received(cents: $0) }
                let sent = Account.Event.sent(cents: 1, to: "x")
                try await store.append(
                    accounts.dropLast() + [sent], to: Account.ID("\(number)"), expecting: .any,
                    metadata: number % 3 == 0 ? ["correlation": "third"] : ["actor": "third"])
                let levels = (0..<100).map { Gauge.Event.shown(level: Double($0)) }
                try await store.append(levels, to: Gauge.ID("\(number)"), expecting: .any)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a filter lets pass what it names, in both directions, across pages`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await fill(store)
                let all = (1...2400).map { Int64($0) }
                let accounts = all.filter { ($0 - 1) % 200 < 100 }
                let expected: [(LogFilter, [Int64])] = [
                    (.all, all), (.categories(["account"]), accounts), (.categories(["account", "gauge"]), all),
                    (.categories(["gauge", "nothing"]), all.filter { ($0 - 1) % 200 >= 100 }),
                    (.categories([]), []), (.categories(["accoun", "account-1"]), []),
                    (.types(["account.sent"]), all.filter { $0 % 200 == 100 }),
                    (.types(["account.sent", "account.received"]), accounts), (.types([]), []), (.types(["sent"]), []),
                    (.correlation("third"), accounts.filter { ($0 - 1) / 200 % 3 == 0 }), (.correlation("none"), []),
                ]
                for (filter, places) in expected {
                    #expect(try await positions(store, filter: filter) == places, "\(filter)")
                    #expect(try await positions(store, .backwards, filter: filter) == places.reversed(), "\(filter)")
                    let rest = try await positions(store, after: 1050, filter: filter)
                    #expect(rest == places.filter { $0 > 1050 }, "\(filter)")
                    let before = try await positions(store, .backwards, after: 1050, filter: filter)
                    #expect(before == places.filter { $0 < 1050 }.reversed(), "\(filter)")
                }
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `an answer says up to where everything was looked at`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await fill(store)
                let sent = LogFilter.types(["account.sent"])
                func through(_ page: LogPage) async throws -> GlobalPosition {
                    try await store.storage.readLog(page).through
                }
                #expect(try await through(LogPage(from: 0, filter: sent, limit: 2)) == 300)
                #expect(try await through(LogPage(from: 300, filter: sent, limit: 50)) == 2400)
                #expect(try await through(LogPage(from: 2300, filter: sent, limit: 1)) == 2400)
                #expect(try await through(LogPage(from: 9000, filter: sent)) == 9000)
                #expect(try await through(LogPage(from: 0, filter: .categories(["none"]))) == 2400)
                #expect(try await through(LogPage(from: 0, filter: .types([]))) == 2400)
                #expect(try await through(LogPage(from: 0, limit: 3)) == 3)
                let end = GlobalPosition(rawValue: .max)
                #expect(try await through(LogPage(from: end, direction: .backwards, filter: sent, limit: 2)) == 2100)
                #expect(try await through(LogPage(from: 100, direction: .backwards, filter: sent)) == .start)
                #expect(try await through(LogPage(from: 3, direction: .backwards, limit: 2)) == 1)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a stream is read backwards and as it was`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("bob", 1)
                try await store.fill("ada", 1200)
                try await store.fill("ada", 1)
                func versions(_ events: PagedEvents<Recorded<Account>>) async throws -> [Int64] {
                    try await events.reduce(into: []) { $0.append($1.version.rawValue) }
                }
                let ada = Account.ID("ada")
                #expect(try await versions(store.read(ada, .backwards)) == (1...1201).reversed())
                #expect(try await versions(store.read(ada, .backwards, after: 1001)) == (1...1000).reversed())
                #expect(try await versions(store.read(ada, .backwards, after: 1)) == [])
                #expect(try await versions(store.read(ada, after: 1100, asOf: .version(1150))) == Array(1101...1150))
                #expect(try await versions(store.read(ada, asOf: .position(1101))) == Array(1...1100))
                #expect(try await versions(store.read(ada, .backwards, asOf: .version(1100))) == (1...1100).reversed())
                #expect(try await versions(store.read(Account.ID("nobody"), .backwards)) == [])
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a subscription has what was there and then each append, once and in order`(
            kind: StoreKind
        ) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("ada", 1500)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<4 {
                        group.addTask {
                            for _ in 0..<25 { try await store.fill(Account.ID("\(writer)"), 1) }
                        }
                    }
                    var seen: [Int64] = []
                    for try await event in store.subscribe(after: 500) {
                        seen.append(event.position.rawValue)
                        if seen.count == 1100 { break }
                    }
                    #expect(seen == Array(501...1600))
                    try await group.waitForAll()
                }
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a subscription that waits is woken by an append, and hears only what its filter lets pass`(
            kind: StoreKind
        ) async throws {
            try await kind.withStore { store async throws in
                let gauges = store.subscribe(filter: .categories(["gauge"]))
                let first = Task { try await gauges.first { _ in true } }
                for number in 0..<5 { try await store.fill(Account.ID("\(number)"), 1) }
                try await store.append([.shown(level: 1)], to: Gauge.ID("1"), expecting: .noStream)
                #expect(try await first.value?.position == 6)
            }
        }
    }
}
