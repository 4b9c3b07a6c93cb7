#if HTTP
/// Why a server could not start; once it listens it does not fail.
public enum HTTPServerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another socket listens there already.
    case addressInUse(host: String, port: UInt16)
    /// The host is not an IPv4 or IPv6 address; names are not looked up.
    case invalidHost(String)
    /// The address is not this machine's, the port needs more rights, or a resource ran out.
    case cannotListen(host: String, port: UInt16, reason: String)

    public var description: String {
        switch self {
        case .addressInUse(let host, let port):
            "address \"\(host)\" port \(port): expected a free port, found one in use"
        case .invalidHost(let host):
            "host \"\(host)\": expected an IPv4 or IPv6 address"
        case .cannotListen(let host, let port, let reason):
            "address \"\(host)\" port \(port): cannot listen: \(reason)"
        }
    }
}
#endif
