import CLibPQ
import Glibc

/// What NOTIFY sent.
public struct PostgresNotification: Hashable, Sendable {
    public let channel: String
    public let payload: String
}

extension Connection {
    /// Asks for the notifications of a channel from now on. Needs a direct session: a transaction pooler drops them.
    public func listen(to channel: SQLIdentifier) async throws(PostgresError) {
        _ = try await query("LISTEN \(channel)")
    }

    /// The next notification, or nil after `limit`; holds the connection's thread meanwhile, at most `limit`.
    /// - Throws: ``PostgresError`` with `08006` when the link is lost.
    public func nextNotification(within limit: Duration) throws(PostgresError) -> PostgresNotification? {
        try requireOpen(nil)
        if let waiting = takeNotification() { return waiting }
        var descriptor = pollfd(fd: PQsocket(link.pointer), events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, limit.pollMilliseconds) != 0 else { return nil }
        guard PQconsumeInput(link.pointer) == 1 else { throw link.error(of: nil, statement: nil) }
        return takeNotification()
    }

    private func takeNotification() -> PostgresNotification? {
        guard let found = PQnotifies(link.pointer) else { return nil }
        defer { PQfreemem(found) }
        return PostgresNotification(
            channel: String(cString: found.pointee.relname), payload: String(cString: found.pointee.extra))
    }

    /// Ends the session at the socket, so that every later statement says that the connection is closed.
    func breakLink() {
        let socket = PQsocket(link.pointer)
        if socket >= 0 { shutdown(socket, Int32(SHUT_RDWR)) }
        // libpq sees the end of the stream here, and marks the connection as bad.
        while PQconsumeInput(link.pointer) == 1 && link.isOpen { PQclear(PQgetResult(link.pointer)) }
    }
}

extension Duration {
    /// For poll(2): whole milliseconds, at least one, at most a day.
    fileprivate var pollMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        guard seconds < 86_400 else { return 86_400_000 }
        return Int32(max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }
}
