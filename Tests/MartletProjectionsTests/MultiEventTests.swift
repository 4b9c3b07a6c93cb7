import Martlet
import MartletTesting
import Testing

/// Writes each sale's story down by SQL, one event after the other.
struct SaleStories: Projection {
    static let name = "sale_stories"
    static let tables = [
        ReadModelTable("sale_stories", "CREATE TABLE sale_stories (sale text PRIMARY KEY, story text NOT NULL)")
    ]

    var key: EventKey<SaleEvent> { .of { $0.sale ?? "" } }

    func project(_ input: SaleEvent, in transaction: Transaction) async throws {
        guard let sale = input.sale else { return }
        transaction.enqueue(
            """
            INSERT INTO sale_stories AS s VALUES (\(sale), \(input.word))
            ON CONFLICT (sale) DO UPDATE SET story = s.story || ' ' || EXCLUDED.story
            """)
    }
}

/// The same, folded in memory by several workers.
struct SaleTable: TableProjection {
    static let name = "sale_table"
    static let partitions = 4

    struct Row: TableRow {
        var sale: String
        var story: String

        var key: String { sale }

        static let table = Table<Row>(
            "sale_table", key: Column("sale", \.sale), columns: Column("story", \.story), make: Row.init)
    }

    func key(of input: SaleEvent) -> String? { input.sale }

    func apply(_ input: SaleEvent, to row: inout Row?) {
        guard let sale = input.sale else { return }
        row = Row(sale: sale, story: row.map { $0.story + " " + input.word } ?? input.word)
    }
}

/// And once more, stored nowhere.
struct SaleView: LiveProjection {
    var stories: [String: String] = [:]
    var positions: [GlobalPosition] = []

    mutating func apply(_ input: SaleEvent) {
        positions.append(input.position)
        guard let sale = input.sale else { return }
        stories[sale] = stories[sale].map { $0 + " " + input.word } ?? input.word
    }
}

@Suite(.tags(.database)) struct MultiEventTests {
    @Test func `SQL, tables and live projections tell the same story of several aggregates in the order of the log`()
        async throws
    {
        try await ThrowawayDatabase.withApplication {
            SaleStories()
            SaleTable()
        } _: { application async throws in
            let running = Task { try await application.run() }
            defer { running.cancel() }
            var expected: [String: String] = [:]
            var last = GlobalPosition.start
            for number in 0..<60 {
                let sale = "\(number % 7)"
                try await application.execute(.counted(by: 1), on: Counter.ID("not taken"))
                try await application.execute(.looked, on: Charge.ID("other"))
                switch number / 7 % 3 {
                case 0: try await application.execute(.placed(cents: number), on: Purchase.ID(sale))
                case 1:
                    try await application.execute(.charged(purchase: sale, cents: number), on: Charge.ID("\(number)"))
                default: try await application.execute(.cancelled, on: Purchase.ID(sale))
                }
                let word = ["placed", "charged", "cancelled"][number / 7 % 3]
                expected[sale] = expected[sale].map { $0 + " " + word } ?? word
                last = try await application.store.head()
            }
            #expect(try await application.caughtUp(to: last, within: .seconds(30)))
            for table: SQL in ["sale_stories", "sale_table"] {
                let rows = try await application.pool.query("SELECT sale, story FROM read_models.\(table)")
                let stories = try rows.map { row in try row.decode(String.self, String.self) }
                #expect(Dictionary(uniqueKeysWithValues: stories) == expected)
            }
            let view = try await application.store.fold(SaleView.self, over: .log)
            #expect(view.value.stories == expected)
            #expect(view.value.positions.count == 120 && view.value.positions == view.value.positions.sorted())
            #expect(view.position == last)
        }
    }

    private enum Forgetful: EventInput {
        case purchase(Recorded<Purchase>)
        case charge(Recorded<Charge>)

        static let sources: [EventSource<Self>] = [.events(Self.purchase)]
    }

    @Test func `a case without a source is found out`() {
        #expect(SaleEvent.unlistedCaseCount == 0)
        #expect(Recorded<Purchase>.unlistedCaseCount == 0)
        #expect(Forgetful.unlistedCaseCount == 1)
    }

    @Test func `an input that names a category twice is refused`() async {
        await #expect(processExitsWith: .failure) {
            enum Twice: EventInput {
                case once(Recorded<Purchase>)
                case again(Recorded<Purchase>)

                static let sources: [EventSource<Self>] = [.events(Self.once), .events(Self.again)]
            }
            struct Reader: Projection {
                static let name = "reader"
                func project(_ input: Twice, in transaction: Transaction) async throws {}
            }
            _ = Application(postgres: .environment) { Reader() }
        }
    }
}
