#if HTTP
/// What the server grants its clients; it enforces each of these itself.
///
/// The most memory that clients can take is about `connections * (headerMemory + maximumBody)`.
public struct HTTPLimits: Hashable, Sendable {
    /// Bytes of one request's body; a longer one gets 413 and is not read to its end.
    public let maximumBody: Int
    /// Bytes for one request's line and headers, its response's headers, and what libmicrohttpd needs to read them.
    ///
    /// More gets 431, or 414 if the request line is the long part. At least 4 KiB.
    public let headerMemory: Int
    /// Connections at a time; further ones wait in the kernel's queue until one closes.
    public let connections: Int
    /// How long a connection may be silent before it is closed, in the middle of a request too; rounded up to
    /// seconds.
    ///
    /// It does not run while a handler works.
    public let idleTimeout: Duration
    /// Requests in handlers at a time; further ones get 503 with `Retry-After`.
    public let requestsInFlight: Int
    /// How long ``HTTPServer/run(onListening:)`` lets requests in flight finish once its task is cancelled.
    public let grace: Duration

    public init(
        maximumBody: Int = 1_048_576, headerMemory: Int = 65_536, connections: Int = 512,
        idleTimeout: Duration = .seconds(60), requestsInFlight: Int = 256, grace: Duration = .seconds(30)
    ) {
        precondition(maximumBody >= 0, "maximumBody: expected at least 0, found \(maximumBody)")
        precondition(headerMemory >= 4096, "headerMemory: expected at least 4096, found \(headerMemory)")
        precondition((1...65_536).contains(connections), "connections: expected 1 to 65536, found \(connections)")
        precondition(
            idleTimeout > .zero && idleTimeout <= .seconds(86_400),
            "idleTimeout: expected more than nothing and at most a day, found \(idleTimeout)")
        precondition(requestsInFlight >= 1, "requestsInFlight: expected at least 1, found \(requestsInFlight)")
        self.maximumBody = maximumBody
        self.headerMemory = headerMemory
        self.connections = connections
        self.idleTimeout = idleTimeout
        self.requestsInFlight = requestsInFlight
        self.grace = grace
    }
}
#endif
