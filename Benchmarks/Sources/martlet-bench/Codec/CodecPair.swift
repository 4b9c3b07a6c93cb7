import Foundation

/// What both codecs did with one event, in turns of 20 ms each, so that a drift of the machine meets both.
struct CodecPair {
    let martlet: Measurement
    let foundation: Measurement
    private static let turn = Duration.milliseconds(20)

    init(for seconds: Int, martlet: () throws -> Void, foundation: () throws -> Void) throws {
        var (ours, theirs) = (Tally(), Tally())
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            try ours.turn(Self.turn, martlet)
            try theirs.turn(Self.turn, foundation)
        }
        self.init(martlet: ours.measurement, foundation: theirs.measurement)
    }

    private init(martlet: Measurement, foundation: Measurement) {
        self.martlet = martlet
        self.foundation = foundation
    }

    /// The geometric mean, in which each pair's ratio counts alike.
    static func mean(_ pairs: [CodecPair]) -> CodecPair {
        func mean(_ rates: [Double]) -> Measurement {
            Measurement(rate: exp(rates.map { log($0) }.reduce(0, +) / Double(rates.count)))
        }
        return CodecPair(martlet: mean(pairs.map(\.martlet.rate)), foundation: mean(pairs.map(\.foundation.rate)))
    }
}

/// How often something was done, and in what time.
private struct Tally {
    private var count = 0
    private var elapsed = Duration.zero

    mutating func turn(_ length: Duration, _ body: () throws -> Void) throws {
        let start = ContinuousClock.now
        var end = start
        while end < start + length {
            for _ in 0..<100 { try body() }
            count += 100
            end = ContinuousClock.now
        }
        elapsed += end - start
    }

    var measurement: Measurement { Measurement(rate: Double(count) / (elapsed / .seconds(1))) }
}
