public import FoundationEssentials

/// What was ordered, by whom and when; made only if it keeps the shop's rules.
public struct OrderDetails: Codable, Hashable, Sendable {
    /// A billion euros: an order above it is a mistake, and sums over many orders stay far from a `bigint`'s end.
    public static let largestTotalCents = 100_000_000_000
    public static let largestLineCount = 1000
    /// From 2000 up to and without 2100, in UTC; a time outside is a mistake of units or a broken clock.
    public static let plausibleTimes =
        Date(timeIntervalSince1970: 946_684_800)..<Date(timeIntervalSince1970: 4_102_444_800)

    public let customer: String
    public private(set) var placedAt: Date
    public let totalCents: Int
    public let lines: [OrderLine]

    /// - Throws: ``OrderFlaw`` with the field that breaks a rule.
    public init(customer: String, placedAt: Date, lines: [OrderLine]) throws(OrderFlaw) {
        self.customer = try OrderText.checked(customer, field: "customer")
        guard Self.plausibleTimes.contains(placedAt) else {
            throw OrderFlaw(field: "placedAt", problem: "expected a time from 2000 to 2099, found another")
        }
        guard (1...Self.largestLineCount).contains(lines.count) else {
            let found = lines.isEmpty ? "none" : String(lines.count)
            throw OrderFlaw(field: "lines", problem: "expected 1 to \(Self.largestLineCount) lines, found \(found)")
        }
        self.placedAt = placedAt
        self.lines = lines
        totalCents = try Self.total(of: lines)
    }

    public var itemCount: Int { lines.reduce(0) { $0 + $1.quantity } }

    /// The same goods for the same customer at the time of another order.
    public func placed(when other: OrderDetails) -> OrderDetails {
        var copy = self
        copy.placedAt = other.placedAt
        return copy
    }

    /// Whether both ask for the same: a stored time comes back to the microsecond.
    public func isSameOrder(as other: OrderDetails) -> Bool {
        customer == other.customer && lines == other.lines
            && abs(placedAt.timeIntervalSince(other.placedAt)) < 0.000_000_5
    }

    private static func total(of lines: [OrderLine]) throws(OrderFlaw) -> Int {
        var total = 0
        for (index, line) in lines.enumerated() {
            let (sum, overflow) = total.addingReportingOverflow(line.totalCents ?? .max)
            guard !overflow, sum <= largestTotalCents else {
                throw OrderFlaw(
                    field: "lines[\(index)]",
                    problem: "expected a total of at most \(largestTotalCents) cents, found more with this line")
            }
            total = sum
        }
        return total
    }
}
