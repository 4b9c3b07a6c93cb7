import OrderProviders
import Testing

/// All troubles at once.
@Suite(.tags(.database)) struct TroubledShopTests {
    @Test func `whatever the providers do, every order ends once and the books add up`() async throws {
        let payment = SimulatorBehaviour(seed: 1, declined: 0.05, silent: 0.03, failing: 0.1)
        let shipping = SimulatorBehaviour(seed: 2, declined: 0.05, silent: 0.03, failing: 0.1)
        try await TroubledShop.open(payment: payment, shipping: shipping) { shop in
            try await shop.stock("TEA", 150)
            for number in 0..<100 {
                try await shop.placeOrder("o\(number)", ["TEA": 1 + number % 2])
                if number.isMultiple(of: 10) { try await shop.cancelOrder("o\(number)") }
            }
            try await shop.settle()
            let ends = try await shop.application.pool.query(
                "SELECT status, count(*) FROM martlet.process_instances GROUP BY status ORDER BY status"
            ).map { try $0.decode(String.self, Int.self) }
            #expect(ends.map(\.0) == ["compensated", "completed"])
            #expect(ends.map(\.1).reduce(0, +) == 100)
        }
    }
}
