#if HTTP
import CMicroHTTPD
import Glibc

// libmicrohttpd calls these on its thread, so they must be quick; `context` is the daemon's traffic. An exchange is
// retained when the request line arrives and released by the completion callback, which follows exactly once.

/// Refuses connections once the server stops.
///
/// Not MHD_quiesce_daemon: with epoll it races the daemon's thread for the listening socket, and the loser aborts.
func acceptConnection(
    context: UnsafeMutableRawPointer?, address: UnsafePointer<sockaddr>?, length: socklen_t
) -> MHD_Result {
    traffic(of: context)?.isStopping == false ? .YES : .NO
}

/// The request line has arrived: what is returned becomes the request's own pointer.
func openExchange(
    context: UnsafeMutableRawPointer?, target: UnsafePointer<CChar>?, connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let traffic = traffic(of: context), let target, let connection else { return nil }
    let exchange = Exchange(
        target: UnsafeRawBufferPointer(start: target, count: strlen(target)),
        connection: MicroHTTPConnection(pointer: connection), maximumBody: traffic.limits.maximumBody)
    return Unmanaged.passRetained(exchange).toOpaque()
}

/// The headers, a piece of the body, or the request's end has arrived, or the connection was resumed.
func advanceExchange(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, url: UnsafePointer<CChar>?,
    method: UnsafePointer<CChar>?, version: UnsafePointer<CChar>?, data: UnsafePointer<CChar>?,
    size: UnsafeMutablePointer<Int>?, request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let traffic = traffic(of: context), let exchange = exchange(of: request), let connection, let method,
        let version, let size
    else { return .NO }
    let action = exchange.advance(
        method: method, version: version, data: UnsafeRawBufferPointer(start: data, count: size.pointee))
    size.pointee = 0
    return perform(action, of: exchange, on: MicroHTTPConnection(pointer: connection), in: traffic)
}

private func perform(
    _ action: ExchangeState.Action, of exchange: Exchange, on connection: MicroHTTPConnection, in traffic: Traffic
) -> MHD_Result {
    switch action {
    case .proceed: return .YES
    case .hangUp: return .NO
    case .reply(let response): return connection.queue(response)
    case .cutOff(let response):
        connection.sendAtOnce(response)
        return .NO
    case .submit(let request):
        switch traffic.submit(request, of: exchange) {
        case .admitted: return .YES
        case .overloaded: return connection.queue(.overloaded(limit: traffic.limits.requestsInFlight))
        case .stopping: return connection.queue(.stopping())
        }
    }
}

/// The response has been sent, or the connection is gone.
func completeExchange(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?,
    request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, reason: MHD_RequestTerminationCode
) {
    guard let pointer = request?.pointee else { return }
    request?.pointee = nil
    traffic(of: context)?.complete(Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue())
}

private func traffic(of context: UnsafeMutableRawPointer?) -> Traffic? {
    context.map { Unmanaged<Traffic>.fromOpaque($0).takeUnretainedValue() }
}

private func exchange(of request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) -> Exchange? {
    (request?.pointee).map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
}
#endif
