#if HTTP
import Synchronization

/// One request and its response, shared by libmicrohttpd's thread and the handler's task.
///
/// libmicrohttpd's request holds one reference, from the request line until its completion callback.
final class Exchange: Sendable {
    private let connection: MicroHTTPConnection
    /// Where the target's terminating NUL was; the HTTP version follows it in the same buffer.
    private let targetEnd: UInt
    private let state: Mutex<ExchangeState>

    init(target: UnsafeRawBufferPointer, connection: MicroHTTPConnection, maximumBody: Int) {
        self.connection = connection
        targetEnd = UInt(bitPattern: target.baseAddress) &+ UInt(target.count)
        state = Mutex(ExchangeState(target: Array(target), maximumBody: maximumBody))
    }

    /// Takes what libmicrohttpd has of the request next: its head, a piece of its body, or its end.
    func advance(
        method: UnsafePointer<CChar>, version: UnsafePointer<CChar>, data: UnsafeRawBufferPointer
    ) -> ExchangeState.Action {
        state.withLock { state in
            if state.awaitsHead {
                // Further than one byte away, because a NUL inside the target ended it early.
                let isTargetCut = UInt(bitPattern: version) != targetEnd &+ 1
                let method = HTTPMethod(rawValue: String(cString: method))
                return state.receive(
                    RequestHead(method: method, headers: connection.headers(), isTargetCut: isTargetCut))
            }
            return data.isEmpty ? state.resume() : state.receive(data)
        }
    }

    /// Only on libmicrohttpd's thread, in the request's own callback.
    func suspend() {
        connection.suspend()
    }

    /// Hands over the outcome and lets the connection go on; once for each ``suspend()``.
    func settle(_ response: HTTPResponse?) {
        state.withLock { $0.settle(response) }
        connection.resume()
    }
}
#endif
