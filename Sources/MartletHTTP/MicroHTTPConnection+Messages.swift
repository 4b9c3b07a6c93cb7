#if HTTP
import CMicroHTTPD
import Glibc

extension MicroHTTPConnection {
    func headers() -> HTTPHeaders {
        var headers = HTTPHeaders()
        withUnsafeMutablePointer(to: &headers) { headers in
            _ = MHD_get_connection_values_n(pointer, .HEADER_KIND, appendHeader, headers)
        }
        return headers
    }

    /// Only in the connection's callback, and not while it passes a piece of the body.
    func queue(_ response: HTTPResponse) -> MHD_Result {
        guard let reply = makeReply(response) ?? makeReply(.unsendable()) else { return .NO }
        defer { MHD_destroy_response(reply.pointer) }
        return MHD_queue_response(pointer, reply.status, reply.pointer)
    }

    /// Writes a short response past libmicrohttpd, which takes none while a body arrives. The caller closes.
    ///
    /// Nothing else is being written then: earlier responses are sent before a request is read. What the socket
    /// does not take at once is lost, and the client sees the connection close.
    func sendAtOnce(_ response: HTTPResponse) {
        let bytes = response.serialized()
        _ = bytes.withUnsafeBytes { send(martlet_connection_socket(pointer), $0.baseAddress, $0.count, sendFlags) }
    }
}

private let sendFlags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)

private func appendHeader(
    headers: UnsafeMutableRawPointer?, kind: MHD_ValueKind, name: UnsafePointer<CChar>?, nameSize: Int,
    value: UnsafePointer<CChar>?, valueSize: Int
) -> MHD_Result {
    let name = UnsafeRawBufferPointer(start: name, count: nameSize)
    let value = UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : valueSize)
    headers?.assumingMemoryBound(to: HTTPHeaders.self).pointee
        .append(String(decoding: value, as: UTF8.self), for: String(decoding: name, as: UTF8.self))
    return .YES
}

/// - Returns: `nil` if the response cannot be sent as it is.
private func makeReply(_ response: HTTPResponse) -> (pointer: OpaquePointer, status: UInt32)? {
    guard response.isWellFormed, let status = UInt32(exactly: response.status.rawValue) else { return nil }
    let reply = response.body.withUnsafeBytes { martlet_create_response($0.baseAddress, $0.count) }
    guard let reply else { return nil }
    for field in response.headers.fields where !field.framesBody {
        guard MHD_add_response_header(reply, field.name, field.value) == .YES else {
            MHD_destroy_response(reply)
            return nil
        }
    }
    return (reply, status)
}

extension HTTPResponse {
    fileprivate func serialized() -> [UInt8] {
        let reason = MHD_get_reason_phrase_for(UInt32(truncatingIfNeeded: status.rawValue)).map(
            String.init(cString:))
        var head = "HTTP/1.1 \(status.rawValue) \(reason ?? "")\r\nContent-Length: \(body.count)\r\n"
        for field in headers.fields { head += "\(field.name): \(field.value)\r\n" }
        return Array((head + "\r\n").utf8) + body
    }
}
#endif
