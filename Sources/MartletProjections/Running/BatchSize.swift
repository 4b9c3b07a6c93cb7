/// How many events go into one transaction: as many as there are, while that takes no longer than half a second; one
/// after a failure, so that the events before a bad one get through, then doubling.
package struct BatchSize: Sendable {
    package var largest = 1000 {
        didSet { size = largest }
    }
    package private(set) var size = 1000
    /// How many more events are tried alone, each counted before it is tried.
    private var careful = 0
    private static let target: Duration = .milliseconds(500)

    package init() {}

    package var isCareful: Bool { careful > 0 }

    /// Goes one by one for as many as the batch may have had in which the worker before died.
    package mutating func beCareful() { (careful, size) = (largest, 1) }

    package mutating func failed() { size = 1 }

    package mutating func took(_ time: Duration, events: Int) {
        careful = max(0, careful - events)
        if careful > 0 {
            size = 1
        } else if time > Self.target {
            size = max(1, min(size, events) / 2)
        } else {
            size = min(size * 2, largest)
        }
    }
}
