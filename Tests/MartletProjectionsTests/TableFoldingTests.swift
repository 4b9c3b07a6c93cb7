import Martlet
import MartletTesting
import Testing

/// Changes the row before it finds that it cannot, and has no use for even amounts.
private struct RashSums: TableProjection {
    static let name = "rash_sums"
    static let onFailure = FailurePolicy.park(after: 1)
    struct Stumbled: Error {}

    func key(of recorded: Recorded<Counter>) -> String? {
        if case .counted(let amount) = recorded.event, amount.isMultiple(of: 2) { return nil }
        return recorded.stream.key
    }

    func apply(_ recorded: Recorded<Counter>, to row: inout Sum?) throws {
        var sum = row ?? Sum(counter: recorded.stream.key, sum: 0, note: nil)
        switch recorded.event {
        case .counted(let amount): sum.sum += amount
        case .stumbled: sum.note = "stumbled"
        }
        row = sum.sum == 0 ? nil : sum
        if case .stumbled = recorded.event { throw Stumbled() }
    }
}

@Suite(.tags(.database)) struct TableFoldingTests {
    @Test func `what an event changed before it failed is not kept, nor what has no key`() async throws {
        try await ThrowawayDatabase.withApplication {
            RashSums()
        } _: { application in
            for amount in [1, 2, 4, 5, 7] { try await application.execute(.counted(by: amount), on: Counter.ID("a")) }
            try await application.execute(.stumbled, on: Counter.ID("a"))
            // A row that goes and comes again within a batch.
            for amount in [3, -3, 9] { try await application.execute(.counted(by: amount), on: Counter.ID("b")) }
            let last = try await application.execute(.counted(by: 11), on: Counter.ID("a"))
            let running = Task { try await application.run() }
            defer { running.cancel() }
            #expect(try await application.projection(RashSums.self).caughtUp(to: last, within: .seconds(20)))
            let rows = try await application.pool.query("SELECT counter, sum, note FROM read_models.sums ORDER BY 1")
            let sums = try rows.map { row in try row.decode(String.self, Int.self, String?.self) }
            #expect(sums.map(\.0) == ["a", "b"])
            #expect(sums.map(\.1) == [13, 9])
            #expect(sums.map(\.2) == [nil, nil])
        }
    }
}
