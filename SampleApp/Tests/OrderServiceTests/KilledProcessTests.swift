import Foundation
import Martlet
import Testing

@testable import OrderService

/// The promises that only whole processes can break, tried on the program as it is built.
@Suite(.tags(.database, .slow))
struct KilledProcessTests {
    private static let orders = ShippedData.folder + "orders.jsonl"

    private func everyOrderIsThereOnce(_ shop: Shop) async throws {
        try await shop.catchUp()
        let audit = ReadModelAudit(pool: shop.application.pool)
        let counts = try await audit.counts()
        #expect(counts.streams == 2000)
        #expect(counts.placed == 2000)
        #expect(counts.summaries == 2000)
        #expect(try await audit.differences() == [])
    }

    @Test func `an import killed in the middle and started again leaves every order exactly once`() async throws {
        try await Shop.open { shop in
            let first = try ServiceProgram(["import", Self.orders], on: shop.database)
            try await shop.reach(700)
            first.kill()
            #expect(try await first.end() == SIGKILL)
            #expect((1..<2000).contains(try await ReadModelAudit(pool: shop.application.pool).counts().placed))

            let again = try ServiceProgram(["import", Self.orders, "--wait"], on: shop.database)
            #expect(try await again.end() == 0)
            try await everyOrderIsThereOnce(shop)
        }
    }

    @Test func `a service killed in the middle of an import and started again loses and doubles nothing`() async throws
    {
        try await Shop.open { shop in
            let (service, port) = try ServiceProgram.serving(on: shop.database)
            let arguments = ["import", Self.orders, "--url", "http://127.0.0.1:\(port)", "--wait"]
            let sender = try ServiceProgram(arguments, on: shop.database)
            try await shop.reach(700)
            service.kill()
            #expect(try await service.end() == SIGKILL)

            // The sender tries on; what it sent without hearing back it sends again.
            let (next, _) = try ServiceProgram.serving(port: port, on: shop.database)
            #expect(try await sender.end() == 0)
            let again = try ServiceProgram(arguments, on: shop.database)
            #expect(try await again.end() == 0)
            next.stop()
            #expect(try await next.end() == 0)
            try await everyOrderIsThereOnce(shop)
        }
    }

    @Test func `two processes import at once and a follower never sees a hole`() async throws {
        try await Shop.open { shop in
            let store = shop.application.store
            let follower = Task { try await follow(store) }
            let both = try (1...2).map { _ in try ServiceProgram(["import", Self.orders, "--wait"], on: shop.database) }
            for program in both { #expect(try await program.end() == 0) }
            let head = try await store.head()
            follower.cancel()
            let seen = try await follower.value
            #expect(seen.rawValue > 0)
            #expect(seen <= head)
            let ends = try await shop.application.pool.query(
                "SELECT count(*), min(position), max(position) FROM martlet.events")[0]
            #expect(try ends.decode(Int64.self, Int64.self, Int64.self) == (head.rawValue, Int64(1), head.rawValue))
            try await everyOrderIsThereOnce(shop)
        }
    }

    /// Reads what is new every millisecond until it is cancelled; reading throws at the first hole.
    @Sendable private func follow(_ store: EventStore) async throws -> GlobalPosition {
        var seen = GlobalPosition.start
        while !Task.isCancelled {
            do throws(EventStoreError) {
                for try await event in store.readLog(after: seen) {
                    #expect(event.position.rawValue == seen.rawValue + 1)
                    seen = event.position
                }
            } catch {
                guard case .database(let reason) = error, reason.sqlState == .queryCanceled else { throw error }
            }
            do { try await Task.sleep(for: .milliseconds(1)) } catch { break }
        }
        return seen
    }

    @Test func `the service stops at SIGTERM with exit code 0`() async throws {
        try await Shop.open { shop in
            let (service, _) = try ServiceProgram.serving(on: shop.database)
            service.stop()
            #expect(try await service.end() == 0)
            #expect(service.process.terminationReason == .exit)
        }
    }
}
