import CLibPQ
import Glibc
import Synchronization

/// Cancels a running statement at the server, and only ever the one that was meant.
///
/// A cancel request names a session, not a statement. So each statement has an id, and the request is sent under the
/// lock that a statement's end takes: while it is on its way, the session cannot go on to the next statement.
final class StatementCanceller: Sendable {
    private struct State {
        var nextID: UInt64 = 1
        var active: UInt64?
    }

    private let state = Mutex(State())
    /// `PGcancel` is made to be used from any thread; libpq never writes to it.
    nonisolated(unsafe) private let request: OpaquePointer

    init(for link: Link) throws(PostgresError) {
        guard let request = PQgetCancel(link.pointer) else {
            throw PostgresError(sqlState: .connectionDoesNotExist, message: "the connection is closed")
        }
        self.request = request
    }

    deinit { PQfreeCancel(request) }

    func newStatement() -> UInt64 {
        state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
    }

    func begin(_ statement: UInt64) {
        state.withLock { $0.active = statement }
    }

    func end() {
        state.withLock { $0.active = nil }
    }

    /// Returns at once; a thread of its own asks again every 100 ms, for the first request may arrive before the
    /// statement does, until the statement has ended.
    func cancel(_ statement: UInt64) {
        // Without a thread there is no cancelling, which is allowed: the statement runs to its end or its time-out.
        _ = startThread { [self] in
            while requestCancel(of: statement) { usleep(100_000) }
        }
    }

    private func requestCancel(of statement: UInt64) -> Bool {
        state.withLock { state in
            guard state.active == statement else { return false }
            var message = [CChar](repeating: 0, count: 256)
            PQcancel(request, &message, 256)
            return true
        }
    }
}
