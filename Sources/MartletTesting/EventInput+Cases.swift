public import MartletEventStore

extension EventInput {
    /// How many cases of the enum none of its sources makes: events of theirs would never come, and nobody would say so.
    ///
    /// `#expect(ShopEvent.unlistedCaseCount == 0)`. Zero also where it is no enum.
    public static var unlistedCaseCount: Int {
        guard let count = EnumCases.count(of: Self.self) else { return 0 }
        return max(0, count - sources.count)
    }
}
