import Dispatch
import Glibc
import Synchronization

/// One connection to a service, kept open from request to request; its blocking calls run on a thread of their own.
///
/// Foundation's URLSession does the same on other systems; on Linux (Swift 6.3.1) it burns a core while it waits for an
/// answer, and a cancelled request may never return.
final class ServiceConnection: Sendable {
    /// No answer came; the request may or may not have been carried out.
    struct Lost: Error {
        let reason: String
    }

    private let address: ServiceAddress
    private let queue = DispatchQueue(label: "order-service.connection")
    private let socket = Mutex<Int32>(-1)
    private static let timeout = timeval(tv_sec: 30, tv_usec: 0)

    init(to address: ServiceAddress) {
        self.address = address
    }

    deinit {
        socket.withLock { Self.hangUp(&$0) }
    }

    /// Sends a request and waits for its answer, up to 30 s; a connection that the service has closed meanwhile is
    /// opened again, and the request is sent again.
    /// - Throws: ``Lost``, ``ServiceAnswer/Malformed``.
    func exchange(_ request: [UInt8]) async throws -> ServiceAnswer {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.blockingExchange(request) }) }
        }
    }

    private func blockingExchange(_ request: [UInt8]) throws -> ServiceAnswer {
        try socket.withLock { descriptor in
            let wasOpen = descriptor >= 0
            if !wasOpen { descriptor = try connect() }
            do {
                return try Self.exchange(request, &descriptor)
            } catch is Lost where wasOpen {
                descriptor = try connect()
                return try Self.exchange(request, &descriptor)
            }
        }
    }

    /// Leaves the descriptor closed unless another request may follow.
    private static func exchange(_ request: [UInt8], _ descriptor: inout Int32) throws -> ServiceAnswer {
        var answer = ServiceAnswer()
        var isReusable = false
        defer { if !isReusable { hangUp(&descriptor) } }
        try send(request, descriptor)
        while try !answer.feed(receive(descriptor)[...]) {}
        isReusable = answer.isReusable
        return answer
    }

    private static func send(_ bytes: [UInt8], _ descriptor: Int32) throws(Lost) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { throw Lost(reason: String(cString: strerror(errno))) }
            rest = rest.dropFirst(sent)
        }
    }

    private static func receive(_ descriptor: Int32) throws(Lost) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, count in
            var received = -1
            repeat {
                received = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            } while received < 0 && errno == EINTR
            failure = received < 0 ? errno : 0
            count = max(0, received)
        }
        guard failure == 0 else {
            throw Lost(reason: failure == EAGAIN ? "no answer within 30 s" : String(cString: strerror(failure)))
        }
        guard !bytes.isEmpty else { throw Lost(reason: "it closed the connection") }
        return bytes
    }

    private func connect() throws(Lost) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(address.host, String(address.port), &hints, &found)
        guard code == 0 else { throw Lost(reason: String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(found) }
        var reason = "it has no address"
        var next = found
        while let candidate = next?.pointee {
            var descriptor = Glibc.socket(candidate.ai_family, candidate.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
            var timeout = Self.timeout
            let size = socklen_t(MemoryLayout<timeval>.size)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
            if Glibc.connect(descriptor, candidate.ai_addr, candidate.ai_addrlen) == 0 { return descriptor }
            reason = String(cString: strerror(errno))
            Self.hangUp(&descriptor)
            next = candidate.ai_next
        }
        throw Lost(reason: reason)
    }

    private static func hangUp(_ descriptor: inout Int32) {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }
}
