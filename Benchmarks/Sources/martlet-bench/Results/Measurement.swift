/// What one measurement of one round found.
struct Measurement: Sendable {
    /// Events or rows per second.
    let rate: Double
    /// How long operations took; nil where the work is not made of operations.
    let latency: Latency?
    /// The most memory that the process had at once, in MiB; nil where nobody asked.
    var peakMemory: Int?

    init(rate: Double, latency: Latency? = nil) {
        self.rate = rate
        self.latency = latency
    }

    /// - Parameter latencies: one for each operation, of however many events.
    init(events: Int, latencies: [Duration], in elapsed: Duration) {
        rate = Double(events) / (elapsed / .seconds(1))
        latency = Latency(latencies)
    }
}

/// The middle one of many durations, and the one that only a hundredth exceeds.
struct Latency: Sendable {
    let p50: Duration
    let p99: Duration

    init(p50: Duration, p99: Duration) {
        self.p50 = p50
        self.p99 = p99
    }

    /// Nil when there are none.
    init?(_ latencies: [Duration]) {
        guard !latencies.isEmpty else { return nil }
        let sorted = latencies.sorted()
        p50 = sorted[sorted.count / 2]
        p99 = sorted[sorted.count * 99 / 100]
    }
}

extension Duration {
    var milliseconds: Double { self / .milliseconds(1) }
}
