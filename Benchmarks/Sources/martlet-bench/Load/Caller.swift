/// Who does one thing after another, such as appending to streams of its own.
protocol Caller: Sendable {
    mutating func call() async throws
}

/// Callers at work at the same time, each as fast as it can.
struct Load {
    let seconds: Int
    var eventsPerCall = 1
    /// Ends it before its time.
    var isOver: @Sendable () -> Bool = { false }

    /// Each caller makes one call before the time starts: the first ones open connections and have statements planned.
    func measure<C: Caller>(_ callers: [C]) async throws -> Measurement {
        let (latencies, elapsed) = try await run(try await Self.warmed(callers))
        return Measurement(events: latencies.count * eventsPerCall, latencies: latencies, in: elapsed)
    }

    static func warmed<C: Caller>(_ callers: [C]) async throws -> [C] {
        try await concurrently(callers) { caller in
            var caller = caller
            try await caller.call()
            return caller
        }
    }

    /// How long each call took, and all of them together.
    func run<C: Caller>(_ callers: [C]) async throws -> (latencies: [Duration], elapsed: Duration) {
        let clock = ContinuousClock()
        let start = clock.now
        let deadline = start + .seconds(seconds)
        let latencies = try await concurrently(callers) { caller in
            var caller = caller
            var latencies: [Duration] = []
            while clock.now < deadline, !isOver() {
                let began = clock.now
                try await caller.call()
                latencies.append(clock.now - began)
            }
            return latencies
        }
        return (latencies.flatMap(\.self), clock.now - start)
    }
}

/// Runs `body` on all inputs at the same time; the outputs come in no order.
private func concurrently<Input: Sendable, Output: Sendable>(
    _ inputs: [Input], _ body: @escaping @Sendable (Input) async throws -> Output
) async throws -> [Output] {
    try await withThrowingTaskGroup(of: Output.self) { group in
        for input in inputs { group.addTask { try await body(input) } }
        return try await group.reduce(into: []) { $0.append($1) }
    }
}
