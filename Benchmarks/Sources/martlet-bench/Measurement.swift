import Foundation

/// What one measurement of one round found.
struct Measurement: Sendable {
    /// Events or rows per second.
    let rate: Double
    let p50: Duration
    let p99: Duration

    init(rate: Double, p50: Duration, p99: Duration) {
        self.rate = rate
        self.p50 = p50
        self.p99 = p99
    }

    /// - Parameter latencies: one for each operation, of however many events.
    init(events: Int, latencies: [Duration], in elapsed: Duration) {
        let sorted = latencies.sorted()
        rate = Double(events) / (elapsed / .seconds(1))
        p50 = sorted.isEmpty ? .zero : sorted[sorted.count / 2]
        p99 = sorted.isEmpty ? .zero : sorted[sorted.count * 99 / 100]
    }
}

/// The rounds of one measure.
struct Measure {
    let name: String
    let unit: String
    private(set) var rounds: [Measurement] = []

    init(_ name: String, unit: String = "events/s") {
        self.name = name
        self.unit = unit
    }

    mutating func add(_ measurement: Measurement) { rounds.append(measurement) }

    var median: Measurement {
        let sorted = rounds.sorted { $0.rate < $1.rate }
        return sorted[sorted.count / 2]
    }

    /// The ratio is the median of the rounds' own ratios: what was measured in one round is compared with its own.
    func line(yardstick: Measure) -> String {
        let ratios = zip(rounds, yardstick.rounds).map { $0.rate / $1.rate }.sorted()
        let rates = rounds.map(\.rate).sorted()
        return "measure=\(name) value=\(rates[rates.count / 2].digits(0)) unit=\(unit)"
            + " yardstick=\(yardstick.name):\(yardstick.median.rate.digits(0))"
            + " ratio=\(ratios[ratios.count / 2].digits(2))"
            + " p50_ms=\(median.p50.milliseconds.digits(2)) p99_ms=\(median.p99.milliseconds.digits(2))"
            + " min=\((rates.first ?? 0).digits(0)) max=\((rates.last ?? 0).digits(0))"
    }
}

extension Double {
    func digits(_ count: Int) -> String { String(format: "%.\(count)f", self) }
}

extension Duration {
    var milliseconds: Double { self / .milliseconds(1) }
}
