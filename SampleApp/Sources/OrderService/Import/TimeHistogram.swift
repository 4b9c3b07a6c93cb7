import Glibc

/// Counts durations in classes 2 % apart, so that percentiles of any number of them take one small table.
struct TimeHistogram: Sendable {
    private static let step = 1.02
    private var counts: [Int: Int] = [:]
    private var total = 0

    mutating func add(_ duration: Duration) {
        let microseconds = max(1, duration / .microseconds(1))
        counts[Int(log(microseconds) / log(Self.step)), default: 0] += 1
        total += 1
    }

    /// The time within which this part of all were done, to 2 %; zero when there are none.
    func percentile(_ part: Double) -> Duration {
        var left = Int((Double(total) * part).rounded(.up))
        for (place, count) in counts.sorted(by: { $0.key < $1.key }) {
            left -= count
            if left <= 0 { return .microseconds(pow(Self.step, Double(place) + 0.5)) }
        }
        return .zero
    }
}
