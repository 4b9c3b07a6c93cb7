import Foundation
import Martlet
import MartletCLI
import MartletHTTP
import MartletTesting
import Testing

@testable import OrderService

/// A folder of its own, gone when `body` returns.
func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("orders-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.path + "/")
}

/// The files that ship with the sample.
enum ShippedData {
    static let folder =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Data").path + "/"
}

@Suite(.tags(.database))
struct ImportTests {
    private func importing(
        _ path: String, to destination: some OrderDestination, rejects: String
    ) async throws -> ImportSummary {
        try await OrderImport(destination: destination).run(InputFile(path: path), rejectsPath: rejects)
    }

    private func firstOrders(_ count: Int) throws -> [Substring] {
        let text = try String(contentsOfFile: ShippedData.folder + "orders.jsonl", encoding: .utf8)
        return Array(text.split(separator: "\n").prefix(count))
    }

    @Test func `the shipped orders import once, however often they are imported`() async throws {
        try await Shop.open { shop in
            try await withFolder { folder in
                let destination = ApplicationDestination(application: shop.application)
                let path = ShippedData.folder + "orders.jsonl"
                let first = try await importing(path, to: destination, rejects: folder + "rejects")
                #expect(first.new == 2000)
                #expect(first.exitCode == .success)
                let head = try await shop.application.store.head()
                #expect(first.lastPosition == head.rawValue)
                let second = try await importing(path, to: destination, rejects: folder + "rejects")
                #expect(second.new == 0)
                #expect(second.alreadyThere == 2000)
                #expect(try await shop.application.store.head() == head)
                #expect(!FileManager.default.fileExists(atPath: folder + "rejects"))
                try await shop.catchUp()
                #expect(try await ReadModelAudit(pool: shop.application.pool).differences() == [])
            }
        }
    }

    @Test func `an import can ask for the fulfilment of every order in place of its steps`() async throws {
        try await Shop.open { shop in
            try await withFolder { folder in
                let work = OrderImport(
                    destination: ApplicationDestination(application: shop.application), steps: .fulfilment)
                let path = folder + "orders"
                try firstOrders(100).joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
                for _ in 0..<2 { _ = try await work.run(InputFile(path: path), rejectsPath: path + ".rejects") }
                let types = try await shop.application.pool.query(
                    "SELECT type, count(*) FROM martlet.events GROUP BY type ORDER BY type"
                ).map { row in try row.decode(String.self, Int.self) }
                #expect(types.map(\.0) == ["order.fulfilmentRequested", "order.placed"])
                #expect(types.map(\.1) == [100, 100])
            }
        }
    }

    @Test func `an import can have some customers change their minds`() async throws {
        try await Shop.open { shop in
            try await withFolder { folder in
                let work = OrderImport(
                    destination: ApplicationDestination(application: shop.application),
                    steps: .fulfilmentCancelling(every: 10))
                let path = folder + "orders"
                try firstOrders(25).joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
                _ = try await work.run(InputFile(path: path), rejectsPath: path + ".rejects")
                let wishes = try await shop.application.pool.query(
                    "SELECT count(*) FROM martlet.events WHERE type = 'order.cancellationRequested'")
                #expect(try wishes[0].decode(Int.self) == 2)
            }
        }
    }

    @Test func `a step of a file may be the fulfilment`() throws {
        let steps = "{\"do\":\"fulfil\",\"at\":\"2026-10-25T10:00:00Z\"}"
        let line = orderBody("a").dropLast() + ",\"steps\":[\(steps)]}"
        let order = try ImportedOrder(line: Array(line.utf8))
        #expect(order.steps.map(\.kind) == [.fulfil])
        #expect(throws: FieldProblem.self) {
            try ImportedOrder(line: Array(line.replacing(steps, with: "{\"do\":\"pay\"},\(steps)").utf8))
        }
    }

    @Test func `a bad line goes to the rejects byte for byte and stops nothing`() async throws {
        try await Shop.open { shop in
            try await withFolder { folder in
                let path = ShippedData.folder + "faulty.jsonl"
                let summary = try await importing(
                    path, to: ApplicationDestination(application: shop.application), rejects: folder + "rejects")
                #expect(summary.new == 3)
                #expect(summary.rejected == 11)
                #expect(summary.exitCode == .failure)
                let lines = try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: 0x0A)
                let rejects = try Data(contentsOf: URL(fileURLWithPath: folder + "rejects")).split(separator: 0x0A)
                #expect(rejects.count == 11)
                #expect(Set(rejects).isSubset(of: lines))
                #expect(try await ReadModelAudit(pool: shop.application.pool).counts().streams == 3)
            }
        }
    }

    @Test func `orders over HTTP end as those that go straight`() async throws {
        try await Shop.open { shop in
            try await withFolder { folder in
                let (ports, feed) = AsyncStream<UInt16>.makeStream()
                let server = HTTPServer(port: 0) { request in await shop.router.respond(to: request) }
                let serving = Task { try await server.run { port in feed.yield(port) } }
                var iterator = ports.makeAsyncIterator()
                let port = try #require(await iterator.next())
                let destination = try ServiceDestination(url: "http://127.0.0.1:\(port)/")
                let path = folder + "orders"
                try (firstOrders(200) + ["{\"id\":7}"]).joined(separator: "\n").write(
                    toFile: path, atomically: true, encoding: .utf8)
                let summary = try await importing(path, to: destination, rejects: path + ".rejects")
                #expect(summary.new == 200)
                #expect(summary.rejected == 1)
                try await CatchingUp(destination: destination).wait(for: .init(rawValue: summary.lastPosition))
                #expect(try await ReadModelAudit(pool: shop.application.pool).differences() == [])
                let again = try await importing(
                    path, to: ApplicationDestination(application: shop.application), rejects: path + ".rejects")
                #expect(again.alreadyThere == 200)
                serving.cancel()
                try await serving.value
            }
        }
    }
}

/// What an import does when its destination fails; no database is needed.
struct ImportFailureTests {
    /// Fails some times and then takes every order.
    private actor Failing: OrderDestination {
        private var failures: Int
        private let error: DeliveryError

        init(_ failures: Int, _ error: DeliveryError) {
            self.failures = failures
            self.error = error
        }

        func deliver(_ order: ImportedOrder) throws(DeliveryError) -> Delivery {
            guard failures == 0 else {
                failures -= 1
                throw error
            }
            return Delivery(isNew: true, position: 7)
        }

        func readModelPosition() throws(DeliveryError) -> GlobalPosition { throw error }
    }

    private func importing(_ destination: Failing, patience: Duration) async throws -> ImportSummary {
        var summary = ImportSummary()
        try await withFolder { folder in
            let path = folder + "orders"
            try (orderBody("a").split(separator: "\n").joined() + "\r\n\n")
                .write(toFile: path, atomically: true, encoding: .utf8)
            let work = OrderImport(destination: destination, patience: patience)
            summary = try await work.run(InputFile(path: path), rejectsPath: path + ".rejects")
            #expect(FileManager.default.fileExists(atPath: path + ".rejects") == (summary.rejected > 0))
        }
        return summary
    }

    @Test func `a destination that comes back gets the order`() async throws {
        let summary = try await importing(Failing(2, .away("gone")), patience: .seconds(60))
        #expect(summary.new == 1)
        #expect(summary.lastPosition == 7)
        #expect(summary.exitCode == .success)
    }

    @Test func `a destination that stays away stops the import and rejects nothing`() async throws {
        let summary = try await importing(Failing(.max, .away("gone")), patience: .milliseconds(60))
        #expect(summary.orders == 0)
        #expect(summary.stopped == "line 1: gone (tried for 0.06 seconds)")
        #expect(summary.exitCode == .failure)
    }

    @Test func `a destination that is none stops the import at once`() async throws {
        let summary = try await importing(Failing(.max, .broken("no service")), patience: .seconds(60))
        #expect(summary.stopped == "line 1: no service")
    }

    @Test func `a refused order is rejected and the import ends well apart from it`() async throws {
        let summary = try await importing(Failing(1, .refused("other content")), patience: .seconds(60))
        #expect(summary.rejected == 1)
        #expect(summary.stopped == nil)
    }

    @Test func `a read model that stands still is not waited for without end`() async {
        let catchingUp = CatchingUp(destination: Failing(.max, .away("gone")), patience: .milliseconds(60))
        await #expect(throws: CatchingUp<Failing>.Stalled.self) { try await catchingUp.wait(for: 1) }
    }

    @Test(arguments: [
        "", "127.0.0.1:8080", "ftp://a", "https://a", "http://", "/tmp", "http:// a", "http://a:0", "http://a?b",
    ])
    func `a URL that is none is a usage error`(url: String) {
        #expect(throws: UsageError.self) { try ServiceDestination(url: url) }
    }
}
