/// Counts events as they are read, and takes the time of each thousand.
struct Pace {
    private var events = 0
    private var latencies: [Duration] = []
    private let start = ContinuousClock.now
    private var last = ContinuousClock.now

    mutating func count() {
        events += 1
        guard events.isMultiple(of: 1000) else { return }
        let now = ContinuousClock.now
        latencies.append(now - last)
        last = now
    }

    var measurement: Measurement {
        Measurement(events: events, latencies: latencies, in: ContinuousClock.now - start)
    }
}
