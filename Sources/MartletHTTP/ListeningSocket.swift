#if HTTP
import Glibc

/// A TCP socket that listens. Ours rather than libmicrohttpd's, because that would not say why it failed.
struct ListeningSocket {
    let descriptor: Int32
    let port: UInt16

    init(host: String, port: UInt16) throws(HTTPServerError) {
        let address = try Self.resolve(host: host, port: port)
        defer { freeaddrinfo(address) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.pointee.ai_family, kind, 0)
        guard descriptor >= 0, Self.listen(descriptor, on: address.pointee), let bound = Self.port(of: descriptor)
        else {
            let failure = errno
            if descriptor >= 0 { Glibc.close(descriptor) }
            if failure == EADDRINUSE { throw .addressInUse(host: host, port: port) }
            throw .cannotListen(host: host, port: port, reason: String(cString: strerror(failure)))
        }
        self.descriptor = descriptor
        self.port = bound
    }

    /// Only if no daemon has taken it over.
    func close() {
        Glibc.close(descriptor)
    }

    private static func resolve(host: String, port: UInt16) throws(HTTPServerError) -> UnsafeMutablePointer<
        addrinfo
    > {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var addresses: UnsafeMutablePointer<addrinfo>?
        guard !host.utf8.contains(0), getaddrinfo(host, String(port), &hints, &addresses) == 0, let addresses else {
            throw .invalidHost(host)
        }
        return addresses
    }

    private static func listen(_ descriptor: Int32, on address: addrinfo) -> Bool {
        // Without it a restarted server waits until the last one's closed connections are forgotten.
        var reuse: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        return setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, size) == 0
            && bind(descriptor, address.ai_addr, address.ai_addrlen) == 0
            && Glibc.listen(descriptor, SOMAXCONN) == 0
    }

    private static func port(of descriptor: Int32) -> UInt16? {
        var address = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &address) { bytes in
            guard let start = bytes.baseAddress,
                getsockname(descriptor, start.assumingMemoryBound(to: sockaddr.self), &size) == 0
            else { return nil }
            // The port is at the same place in IPv4's and IPv6's addresses, in network order.
            return UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        }
    }
}
#endif
