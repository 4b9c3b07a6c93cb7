import Martlet
import Testing

@testable import MartletEventStore

struct StateCacheTests {
    private func folded(version: Int64, size: Int = 0) -> Folded<Account> {
        var folded = Folded(
            Account(),
            from: StoredSnapshot(
                stream: Account.ID("a").name, stateVersion: 1, version: StreamVersion(rawValue: version), position: 1,
                state: []))
        folded.size = size
        return folded
    }

    @Test(arguments: [CacheLimits(count: 1000), CacheLimits(count: 1_000_000, bytes: 1 << 20)])
    func `ten thousand aggregates stay within the limits`(limits: CacheLimits) {
        let cache = StateCache(limits)
        for number in 0..<10_000 {
            cache.keep(folded(version: 1, size: number % 3000), of: Account.ID("\(number)"))
            #expect(cache.status.count <= limits.count)
            #expect(cache.status.bytes <= limits.bytes)
        }
        #expect(cache.status.count > 500)
        #expect(cache.state(of: Account.ID("9999")) != nil)
        #expect(cache.state(of: Account.ID("0")) == nil)
    }

    @Test func `an older state never takes the place of a later one`() {
        let cache = StateCache(CacheLimits())
        for version in [1, 3, 2] as [Int64] { cache.keep(folded(version: version), of: "a") }
        let found: Folded<Account>? = cache.state(of: "a")
        #expect(found?.receipt.version == 3)
        #expect(found?.isCurrent == false)
    }

    @Test func `a stream without events is not remembered`() {
        let cache = StateCache(CacheLimits())
        cache.keep(Folded<Account>(), of: "a")
        #expect(cache.status.count == 0)
    }

    @Test func `what a state turned out to take replaces the estimate, and what came since stays`() throws {
        let cache = StateCache(CacheLimits())
        cache.keep(folded(version: 1, size: 5000), of: "a")
        cache.keep(folded(version: 2, size: 5100), of: "a")
        cache.correctSize(of: Account.ID("a"), from: 5000, to: 40)
        let found: Folded<Account> = try #require(cache.state(of: "a"))
        #expect(found.size == 140)
    }
}
