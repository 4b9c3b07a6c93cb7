#if HTTP
import CMicroHTTPD

/// A running libmicrohttpd daemon: one thread that polls all connections and calls us back.
///
/// `@unchecked`, because the compiler cannot know that libmicrohttpd guards a daemon with its own locks. ``stop()``
/// is called once.
struct MicroHTTPDaemon: @unchecked Sendable {
    private let pointer: OpaquePointer
    /// Retained for the callbacks until the daemon has stopped.
    private let traffic: Unmanaged<Traffic>

    /// Takes over the socket, also when it throws.
    init(on socket: ListeningSocket, traffic: Traffic) throws(StartFailure) {
        let limits = traffic.limits
        let retained = Unmanaged.passRetained(traffic)
        let pointer = martlet_start_daemon(
            socket.descriptor, limits.headerMemory, UInt32(limits.connections), limits.idleSeconds,
            acceptConnection, openExchange, advanceExchange, completeExchange, retained.toOpaque())
        guard let pointer else {
            retained.release()
            socket.close()
            throw StartFailure()
        }
        self.pointer = pointer
        self.traffic = retained
    }

    struct StartFailure: Error {}

    /// Closes all connections and joins the thread. No connection may be suspended.
    func stop() {
        MHD_stop_daemon(pointer)
        traffic.release()
    }
}

/// One of the daemon's connections.
///
/// `@unchecked`, because the pointer crosses threads: whoever holds it uses it only in the callbacks of the
/// connection's own request, or once to resume it while it is suspended, and libmicrohttpd frees no suspended
/// connection.
struct MicroHTTPConnection: @unchecked Sendable {
    let pointer: OpaquePointer

    func suspend() {
        MHD_suspend_connection(pointer)
    }

    func resume() {
        MHD_resume_connection(pointer)
    }
}

extension HTTPLimits {
    fileprivate var idleSeconds: UInt32 {
        let (seconds, attoseconds) = idleTimeout.components
        return UInt32(clamping: attoseconds > 0 ? min(seconds, Int64(UInt32.max)) + 1 : seconds)
    }
}
#endif
