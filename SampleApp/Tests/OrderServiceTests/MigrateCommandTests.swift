import MartletCLI
import MartletTesting
import OrderReadModel
import Testing

@testable import OrderService

@Suite(.tags(.database))
struct MigrateCommandTests {
    @Test func `migrate says what it applied, once, and a dry run changes nothing`() async throws {
        try await ThrowawayDatabase.with { database in
            let application = OrderApplication.on(database.configuration, connections: 1)
            let shop = MigratedSchema(ShopSchema.name, ShopSchema.migrations, on: application.pool)
            let command = MigrateCommand([MigratedSchema(application), shop])
            var printed: [String] = []
            for words in [["--dry-run"], ["--dry-run", "--json"], [], [], ["--json"]] {
                printed.append(try await command.run(try MigrateCommand.syntax.parse(words)))
            }
            #expect(printed[0].hasPrefix("would apply martlet/V0001_events.sql\n"))
            #expect(printed[1].hasPrefix("{\"pending\":[{\"schema\":\"martlet\""))
            #expect(printed[2].hasSuffix("applied shop/V0002_revenue_by_day.sql"))
            #expect(printed[3] == "nothing to do: \"martlet\", \"shop\" up to date")
            #expect(printed[4] == "{\"applied\":[]}")
        }
    }
}
