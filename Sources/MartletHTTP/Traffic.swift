#if HTTP
import Synchronization

/// A complete request on its way to the handler.
struct Submission: Sendable {
    let request: HTTPRequest
    let exchange: Exchange
}

/// The requests in flight, where libmicrohttpd's thread and the handlers' tasks meet.
///
/// Lock order: this lock, then an exchange's or libmicrohttpd's own, which calls us back without holding any.
final class Traffic: Sendable {
    private struct State {
        var admission: Admission
        /// Suspended connections by their exchange; whoever takes one out is the only one to settle it.
        var unanswered: [ObjectIdentifier: Exchange] = [:]
        /// Admitted exchanges that libmicrohttpd has not completed.
        var open: Set<ObjectIdentifier> = []
    }

    let limits: HTTPLimits
    /// Ends when the server stops, after everything that was admitted.
    let submissions: AsyncStream<Submission>
    /// Ends when everything admitted has been sent after the server began to stop.
    let drained: AsyncStream<Never>
    private let feed: AsyncStream<Submission>.Continuation
    private let drainedSignal: AsyncStream<Never>.Continuation
    private let state: Mutex<State>

    init(limits: HTTPLimits) {
        self.limits = limits
        (submissions, feed) = AsyncStream.makeStream()
        (drained, drainedSignal) = AsyncStream.makeStream()
        state = Mutex(State(admission: Admission(limit: limits.requestsInFlight)))
    }

    var isStopping: Bool {
        state.withLock { $0.admission.isStopping }
    }

    /// Suspends the connection and passes the request on, if it is admitted.
    func submit(_ request: HTTPRequest, of exchange: Exchange) -> Admission.Verdict {
        state.withLock { state in
            let verdict = state.admission.admit()
            guard verdict == .admitted else { return verdict }
            // Before anybody can settle it, and before the feed can end: both wait for this lock.
            exchange.suspend()
            state.unanswered[ObjectIdentifier(exchange)] = exchange
            state.open.insert(ObjectIdentifier(exchange))
            feed.yield(Submission(request: request, exchange: exchange))
            return verdict
        }
    }

    /// Without effect if the exchange was abandoned before.
    func answer(_ exchange: Exchange, with response: HTTPResponse) {
        state.withLock { state in
            guard state.unanswered.removeValue(forKey: ObjectIdentifier(exchange)) != nil else { return }
            state.admission.answered()
            // Under the lock, or the daemon could stop in between, which aborts if a connection is suspended.
            exchange.settle(response)
        }
    }

    /// The response has been sent, or the client is gone.
    func complete(_ exchange: Exchange) {
        update { state in
            if state.open.remove(ObjectIdentifier(exchange)) != nil { state.admission.completed() }
        }
    }

    func stopAccepting() {
        update { $0.admission.stop() }
        feed.finish()
    }

    /// Closes the connections whose handlers have not answered; no connection is suspended afterwards.
    func abandonUnanswered() {
        state.withLock { state in
            for exchange in state.unanswered.values { exchange.settle(nil) }
            state.unanswered = [:]
        }
    }

    private func update(_ change: (inout State) -> Void) {
        let isDrained = state.withLock { state in
            change(&state)
            return state.admission.isDrained
        }
        if isDrained { drainedSignal.finish() }
    }
}
#endif
