import Foundation

/// One thing that is measured, a measurement a round, beside a yardstick.
struct Measure {
    let name: String
    let unit: String
    /// The names of the measures that it is compared with: the fastest of them, or itself when there are none.
    let yardsticks: [String]
    private(set) var rounds: [Measurement] = []

    init(_ name: String, unit: String, beside yardsticks: [String]) {
        self.name = name
        self.unit = unit
        self.yardsticks = yardsticks
    }

    mutating func add(_ measurement: Measurement) { rounds.append(measurement) }

    var median: Measurement {
        let sorted = rounds.sorted { $0.rate < $1.rate }
        return sorted[sorted.count / 2]
    }

    /// The ratio is the median of the rounds' own ratios: what was measured in one round is compared with its own.
    func line(beside yardstick: Measure) -> String {
        let ratios = zip(rounds, yardstick.rounds).map { $0.rate / $1.rate }.sorted()
        let rates = rounds.map(\.rate).sorted()
        var words = [
            "measure=\(name)", "value=\(median.rate.digits(0))", "unit=\(unit)",
            "yardstick=\(yardstick.name):\(yardstick.median.rate.digits(0))",
            "ratio=\(ratios[ratios.count / 2].digits(2))",
        ]
        if let latency = median.latency {
            words += ["p50_ms=\(latency.p50.milliseconds.digits(2))", "p99_ms=\(latency.p99.milliseconds.digits(2))"]
        }
        if let memory = rounds.compactMap(\.peakMemory).max() { words.append("peak_mib=\(memory)") }
        words += ["min=\((rates.first ?? 0).digits(0))", "max=\((rates.last ?? 0).digits(0))"]
        return words.joined(separator: " ")
    }
}

extension Double {
    fileprivate func digits(_ count: Int) -> String { String(format: "%.\(count)f", self) }
}
