#if HTTP
/// Counts the requests in flight and says which ones may join them.
struct Admission {
    enum Verdict {
        case admitted, overloaded, stopping
    }

    let limit: Int
    /// Requests in handlers.
    private var handling = 0
    /// Requests in handlers, or answered and not sent yet.
    private var open = 0
    private(set) var isStopping = false

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether the server is stopping and everything admitted has been sent.
    var isDrained: Bool { isStopping && open == 0 }

    mutating func admit() -> Verdict {
        if isStopping { return .stopping }
        if handling >= limit { return .overloaded }
        handling += 1
        open += 1
        return .admitted
    }

    mutating func answered() {
        handling -= 1
    }

    mutating func completed() {
        open -= 1
    }

    mutating func stop() {
        isStopping = true
    }
}
#endif
