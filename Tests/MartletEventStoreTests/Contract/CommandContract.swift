import Martlet
import Testing

extension StoreContract {
    struct Commands {
        @Test(arguments: StoreKind.allCases)
        func `a command that comes again gets its first receipt, whatever happened since`(
            kind: StoreKind
        ) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("bob", 2)
                let first = try await store.execute(.receive(cents: 5), on: Account.ID("ada"), as: "pay-1")
                #expect(first == Receipt(version: 1, position: 3))
                try await store.fill("ada", 3)
                let again = try await store.execute(.receive(cents: 5), on: Account.ID("ada"), as: "pay-1")
                #expect(again == Receipt(version: 1, position: 3, isRepeated: true))
                #expect(try await store.head() == 6)
                #expect(try await store.load(Account.ID("ada")).state.balance == 8)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `32 at once under one id are carried out once, and all get the same answer`(
            kind: StoreKind
        ) async throws {
            try await kind.withStore { store async throws in
                let receipts = try await withThrowingTaskGroup(of: Receipt.self) { group in
                    for _ in 0..<32 {
                        group.addTask {
                            try await store.execute(.receive(cents: 5), on: Account.ID("ada"), as: "pay-1")
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(receipts.filter { !$0.isRepeated } == [Receipt(version: 1, position: 1)])
                #expect(receipts.allSatisfy { $0.version == 1 && $0.position == 1 })
                #expect(receipts.count == 32)
                #expect(try await store.head() == 1)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `something else under the same id is refused`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.execute(.receive(cents: 5), on: Account.ID("ada"), as: "pay-1")
                let refusals = [
                    await #expect(throws: ExecuteError<Account.Rejection>.self) {
                        try await store.execute(.receive(cents: 6), on: Account.ID("ada"), as: "pay-1")
                    }?.description,
                    await #expect(throws: ExecuteError<Account.Rejection>.self) {
                        try await store.execute(.receive(cents: 5), on: Account.ID("bob"), as: "pay-1")
                    }?.description,
                    await #expect(throws: ExecuteError<Basket.Rejection>.self) {
                        try await store.execute(.look, on: Basket.ID("1"), as: "pay-1")
                    }?.description,
                    await #expect(throws: AppendError.self) {
                        try await store.append(
                            [.received(cents: 5)], to: Account.ID("ada"), expecting: .any, as: "pay-1")
                    }?.description,
                ]
                let reused = EventStoreError.commandIDReused("pay-1").description
                #expect(refusals == Array(repeating: reused, count: 4))
                #expect(try await store.head() == 1)
                #expect(try await store.execute(.receive(cents: 5), on: Account.ID("ada"), as: "pay-1").isRepeated)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a command is the same however its dictionaries are ordered`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let names = (0..<50).map { "article \($0)" }
                func goods(_ names: [String]) -> [String: Int] {
                    var goods: [String: Int] = [:]
                    for name in names { goods[name] = name.utf8.count }
                    return goods
                }
                for order in [names, names.reversed(), names] {
                    try await store.execute(.put(goods(order)), on: Basket.ID("1"), as: "put-1")
                    try await store.append(
                        [.filled(goods(order))], to: Basket.ID("2"), expecting: .noStream, as: "put-2")
                }
                #expect(try await store.head() == 2)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a rejection is kept and comes again, although the state would allow the command now`(
            kind: StoreKind
        ) async throws {
            try await kind.withStore { store async throws in
                func send() async throws(ExecuteError<Account.Rejection>) -> Receipt {
                    try await store.execute(.send(cents: 5, to: "bob"), on: Account.ID("ada"), as: "send-1")
                }
                try await store.fill("ada", 1)
                for _ in 0..<2 {
                    let error = await #expect(throws: ExecuteError<Account.Rejection>.self) { try await send() }
                    guard case .rejected(.insufficientFunds(shortBy: 4))? = error else { throw UnexpectedError(error) }
                    try await store.fill("ada", 100)
                }
                #expect(try await store.head() == 201)
                // Under another id it is another command.
                let sent = try await store.execute(.send(cents: 5, to: "bob"), on: Account.ID("ada"), as: "send-2")
                #expect(sent == Receipt(version: 202, position: 202))
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a command that causes nothing is kept too`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.execute(.put(["tea": 1]), on: Basket.ID("1"))
                try await store.fill("ada", 3)
                let first = try await store.execute(.look, on: Basket.ID("1"), as: "look-1")
                #expect(first.version == 1)
                #expect(first.position >= 1)
                #expect(!first.isRepeated)
                try await store.execute(.put(["tea": 1]), on: Basket.ID("1"))
                let again = try await store.execute(.look, on: Basket.ID("1"), as: "look-1")
                #expect(again == Receipt(version: first.version, position: first.position, isRepeated: true))
                #expect(try await store.head() == 5)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a conflict is not kept`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                func add(expecting expected: ExpectedVersion) async throws(AppendError) -> Receipt {
                    try await store.append([.received(cents: 1)], to: Account.ID("ada"), expecting: expected, as: "add")
                }
                let found = try await conflict { try await add(expecting: .exactly(1)) }
                #expect(found.actual == .none)
                try await store.fill("ada", 1)
                #expect(try await add(expecting: .exactly(1)) == Receipt(version: 2, position: 2))
                // Now the same is at home where it is no conflict any more.
                #expect(try await add(expecting: .exactly(1)) == Receipt(version: 2, position: 2, isRepeated: true))
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a unit of several streams is remembered whole`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await store.fill("bob", 2)
                let unit = [
                    StreamAppend([.sent(cents: 1, to: "bob")], to: Account.ID("ada"), expecting: .any),
                    StreamAppend([.received(cents: 1)], to: Account.ID("bob"), expecting: .any),
                ]
                let first = try await store.append(unit, as: "transfer")
                #expect(first == [Receipt(version: 1, position: 4), Receipt(version: 3, position: 4)])
                try await store.fill("bob", 1)
                let again = try await store.append(unit, as: "transfer")
                #expect(again.map(\.version) == first.map(\.version))
                #expect(again.allSatisfy { $0.position == 4 && $0.isRepeated })
                let other = try await failure { try await store.append(Array(unit.reversed()), as: "transfer") }
                guard case .commandIDReused("transfer") = other else { throw UnexpectedError(other) }
                #expect(try await store.head() == 5)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `an append with an id is the same whatever its metadata`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                for actor in ["ada", "bob"] {
                    try await store.append(
                        [.received(cents: 1)], to: Account.ID("ada"), expecting: .any, metadata: ["actor": actor],
                        as: "add")
                }
                #expect(try await store.events(of: "ada").map(\.metadata.actor) == ["ada"])
            }
        }

        @Test(
            arguments: StoreKind.allCases,
            [
                (CommandID(""), "expected a command id, found an empty one"),
                (CommandID("a\u{0}b"), "expected no NUL character in the command id"),
                (
                    CommandID(String(repeating: "é", count: 251)),
                    "expected a command id of at most 500 bytes, found 502"
                ),
            ])
        func `an id that cannot be kept is refused`(
            kind: StoreKind, flawed: (id: CommandID, flaw: String)
        ) async throws {
            try await kind.withStore { store async throws in
                let executing = await #expect(throws: ExecuteError<Account.Rejection>.self) {
                    try await store.execute(.receive(cents: 1), on: Account.ID("ada"), as: flawed.id)
                }
                let appending = await #expect(throws: AppendError.self) {
                    try await store.append([.received(cents: 1)], to: Account.ID("ada"), expecting: .any, as: flawed.id)
                }
                #expect(executing?.description == "command \"\(flawed.id)\": \(flawed.flaw)")
                #expect(appending?.description == executing?.description)
                #expect(try await store.head() == .start)
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `ids of whatever bytes name commands of their own`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                let ids = [
                    String(repeating: "é", count: 250), "caf\u{E9}", "cafe\u{301}", " ", "o'brien\n", "account-ada",
                ]
                for id in ids {
                    let receipt = try await store.execute(.receive(cents: 1), on: Account.ID("ada"), as: CommandID(id))
                    #expect(!receipt.isRepeated)
                }
                #expect(try await store.head().rawValue == Int64(ids.count))
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `a forgotten command is a new one, and young ones are kept`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                func receive() async throws -> Receipt {
                    try await store.execute(.receive(cents: 1), on: Account.ID("ada"), as: "once")
                }
                let first = try await receive()
                #expect(try await store.forgetCommands(olderThan: .seconds(3600)) == 0)
                #expect(try await receive() == Receipt(version: 1, position: first.position, isRepeated: true))
                // By an age below zero even the youngest is old.
                #expect(try await store.forgetCommands(olderThan: .seconds(-3600)) == 1)
                #expect(try await receive() == Receipt(version: 2, position: 2))
            }
        }

        @Test(arguments: StoreKind.allCases)
        func `more commands than one statement forgets are all forgotten`(kind: StoreKind) async throws {
            try await kind.withStore { store async throws in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<2100 {
                        group.addTask {
                            try await store.append(
                                [.received(cents: 1)], to: Account.ID("\(number)"), expecting: .noStream,
                                as: CommandID("\(number)"))
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await store.forgetCommands(olderThan: .seconds(-3600)) == 2100)
                #expect(try await store.forgetCommands(olderThan: .seconds(-3600)) == 0)
            }
        }
    }
}
