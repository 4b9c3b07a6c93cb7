import Martlet
import MartletTesting
import Testing

/// A row that goes when its sum is zero.
struct Sum: TableRow {
    var counter: String
    var sum: Int
    var note: String?

    var key: String { counter }

    static let table = Table<Sum>(
        "sums", key: Column("counter", \.counter), columns: Column("sum", \.sum), Column("note", \.note),
        indexes: [.index(on: "sum")], make: Sum.init)
}

struct Sums: TableProjection {
    static let name = "sums"
    static let partitions = 3

    func key(of recorded: Recorded<Counter>) -> String? { recorded.stream.key }

    func apply(_ recorded: Recorded<Counter>, to row: inout Sum?) {
        guard case .counted(let amount) = recorded.event else { return }
        var sum = row ?? Sum(counter: recorded.stream.key, sum: 0, note: nil)
        sum.sum += amount
        row = sum.sum == 0 ? nil : sum
    }
}

@Suite(.tags(.database)) struct TableProjectionTests {
    @Test func `a table is made, its rows are folded, and go when they are to go`() async throws {
        try await ThrowawayDatabase.withApplication {
            Sums()
        } _: { application in
            for number in 1...30 {
                try await application.execute(.counted(by: number), on: Counter.ID("\(number % 5)"))
            }
            let last = try await application.execute(.counted(by: -75), on: Counter.ID("0"))
            let running = Task { try await application.run() }
            defer { running.cancel() }
            #expect(try await application.projection(Sums.self).caughtUp(to: last))
            let rows = try await application.pool.query("SELECT counter, sum FROM read_models.sums ORDER BY counter")
            let sums = try rows.map { row in try row.decode(String.self, Int.self) }
            #expect(sums.map(\.0) == ["0", "1", "2", "3", "4"])
            #expect(sums.map(\.1) == [30, 81, 87, 93, 99])
        }
    }
}
