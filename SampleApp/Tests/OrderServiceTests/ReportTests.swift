import OrderDomain
import OrderReadModel
import Testing

@testable import OrderService

struct ReportTests {
    private let states = [
        StatusTally(status: .placed, orders: 0, items: 0, totalCents: 0),
        StatusTally(status: .paid, orders: 250, items: 300, totalCents: 25_000),
        StatusTally(status: .shipped, orders: 1000, items: 2000, totalCents: 100_000),
        StatusTally(status: .cancelled, orders: 1, items: 1, totalCents: 990),
    ]
    private let days = [
        DayRevenue(day: "2026-10-01", paidCents: 12_345_678, refundedCents: 0, paidOrders: 900, refundedOrders: 0),
        DayRevenue(day: "2026-10-02", paidCents: 0, refundedCents: 990, paidOrders: 0, refundedOrders: 1),
        DayRevenue(day: "2026-10-03", paidCents: 6_172_839, refundedCents: 0, paidOrders: 350, refundedOrders: 0),
    ]

    @Test func `a report is a page of aligned numbers and bars`() {
        #expect(
            ReportPage(ShopReport(states: states, days: days, lag: 1200)).text == """
                Orders by state
                  placed                     0   0 %
                  paid                     250  █████████ 20 %
                  shipped                1,000  ████████████████████████████████████ 80 %
                  cancelled                  1  ▏ 0 %

                Revenue by day (UTC)
                  2026-10-01      123,456.78 €  ████████████████████████████████████ busiest
                  2026-10-02           -9.90 €
                  2026-10-03       61,728.39 €  ██████████████████

                In all
                  orders                 1,251
                  items                  2,301
                  paid            185,185.17 €
                  refunded             -9.90 €
                  revenue         185,175.27 €
                  a day            61,725.09 €

                Behind by 1,200 events; order-service serve keeps it up to date.
                """)
    }

    @Test func `a shop without orders gets advice`() {
        #expect(ReportPage(ShopReport(states: [], days: [])).text.hasPrefix("No orders yet."))
    }

    @Test func `days long past are one line`() {
        let days = (0..<40).map { number in
            DayRevenue(
                day: "2026-\(10 + number / 20)-\(10 + number % 20)", paidCents: 100, refundedCents: 0, paidOrders: 1,
                refundedOrders: 0)
        }
        let page = ReportPage(ShopReport(states: states, days: days)).text
        #expect(page.contains("9 days before"))
        #expect(page.split(separator: "\n").count { $0.contains("2026-") } == 31)
    }

    @Test(arguments: [
        (0.0, ""), (-1, ""), (.nan, ""), (.infinity, ""), (0.000_1, "▏"), (0.5, "████▌"), (1, "█████████"),
        (9, "█████████"),
    ])
    func `a bar is as long as its part, to an eighth`(fraction: Double, bar: String) {
        #expect(Bar.text(fraction, width: 9) == bar)
    }

    @Test func `percentiles are right to two per cent`() {
        var times = TimeHistogram()
        for milliseconds in 1...1000 { times.add(.milliseconds(milliseconds)) }
        #expect(abs(times.percentile(0.5) / .milliseconds(500) - 1) < 0.02)
        #expect(abs(times.percentile(0.99) / .milliseconds(990) - 1) < 0.02)
        #expect(TimeHistogram().percentile(0.5) == .zero)
    }
}
