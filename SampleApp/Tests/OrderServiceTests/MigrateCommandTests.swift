import MartletCLI
import MartletTesting
import Testing

@testable import OrderService

@Suite(.tags(.database))
struct MigrateCommandTests {
    @Test func `migrate says what it applied, once, and a dry run changes nothing`() async throws {
        try await ThrowawayDatabase.with { database in
            let application = OrderApplication.on(database.configuration, connections: 1)
            let command = MigrateCommand(application)
            var printed: [String] = []
            for words in [["--dry-run"], ["--dry-run", "--json"], [], [], ["--json"]] {
                printed.append(try await command.run(try MigrateCommand.syntax.parse(words)))
            }
            #expect(printed[0].hasPrefix("would apply martlet/V0001_events.sql\n"))
            #expect(
                printed[0].contains("\nwould make table shop.order_summaries\nwould make table shop.revenue_by_day\n"))
            #expect(printed[0].contains("\nwould apply martlet_log/V0001_topics.sql\n"))
            #expect(printed[0].split(separator: "\n").last?.contains("order_messages") == true)
            #expect(printed[1].hasPrefix("{\"pending\":[{\"schema\":\"martlet\""))
            #expect(printed[1].contains("{\"schema\":\"shop\",\"table\":\"revenue_by_day\"},"))
            #expect(printed[1].hasSuffix("\"order_messages\"}]}"))
            #expect(printed[2].hasPrefix("applied martlet/V0001_events.sql\n"))
            #expect(printed[2].contains("\nmade table shop.order_summaries\nmade table shop.revenue_by_day\n"))
            #expect(printed[2].split(separator: "\n").last?.contains("order_messages") == true)
            #expect(printed[3] == "nothing to do: \"martlet\", \"shop\", \"martlet_log\" up to date")
            #expect(printed[4] == "{\"applied\":[]}")
        }
    }
}
