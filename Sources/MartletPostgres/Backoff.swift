/// How long to wait before trying again: doubling from `base` up to `limit`, then a random part of it, so that many
/// who failed together do not come back together ("full jitter", AWS Architecture Blog, 2015), but never below half.
package struct Backoff: Sendable {
    package let base: Duration
    package let limit: Duration

    package init(base: Duration, limit: Duration) {
        self.base = base
        self.limit = limit
    }

    /// - Parameter failures: how many tries in a row have failed, from 1.
    package func delay(
        after failures: Int, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        ceiling(after: failures) * Double.random(in: 0.5...1, using: &generator)
    }

    package func delay(after failures: Int) -> Duration {
        ceiling(after: failures) * Double.random(in: 0.5...1)
    }

    private func ceiling(after failures: Int) -> Duration {
        min(limit, base * (1 << (min(max(failures, 1), 21) - 1)))
    }
}
