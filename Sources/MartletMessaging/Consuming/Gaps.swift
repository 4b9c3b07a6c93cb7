import MartletDomain

/// Whether offsets were missing since a producer's last message: then what is missing of the producer's may be gone, by
/// compaction, retention or a seek, and need not be lost.
struct Gaps: Sendable {
    /// The producers of whom something has come since the last gap; nil where there was none.
    private var heardSince: Set<ExactText>?

    /// Offsets are missing right before what comes.
    mutating func begin() { heardSince = [] }

    /// A message comes; what it is taken for is yet to be found.
    mutating func reach(_ arrival: Arrival) { if arrival.followsGap { begin() } }

    /// The message is done with.
    mutating func pass(_ arrival: Arrival) {
        reach(arrival)
        if let producer = arrival.producer { heardSince?.insert(producer) }
    }

    func isBehindOne(_ producer: ExactText) -> Bool { heardSince.map { !$0.contains(producer) } ?? false }
}
