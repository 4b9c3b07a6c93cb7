#if HTTP
import Foundation
import Glibc

/// A blocking TCP client that sends exactly the given bytes. Use it inside ``blocking(_:)``.
final class RawClient: Sendable {
    struct Failure: Error {
        let step: String
        /// The system's error, or 0 if the server closed the connection in order.
        var code = errno
    }

    struct Response: Sendable {
        let status: Int
        let headers: [String: String]
        let body: String
    }

    private let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        // A test that waits for ever says less than one that fails.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result != 0 { throw Failure(step: "connect") }
    }

    deinit {
        close(descriptor)
    }

    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { throw Failure(step: "send") }
            sent += count
        }
    }

    /// Says that no more will be sent.
    func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes so that the server sees a reset instead of an end.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }

    /// Everything up to the server's closing the connection, however it does that.
    func readToEnd() throws -> String {
        var received: [UInt8] = []
        do {
            while let byte = try readByte() { received.append(byte) }
        } catch let failure as Failure where failure.code == ECONNRESET {}
        return String(decoding: received, as: UTF8.self)
    }

    func hasNothingToRead(within time: Duration) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, Int32(time / .milliseconds(1))) == 0
    }

    /// One whole response, and not a byte of the next.
    func readResponse(hasBody: Bool = true) throws -> Response {
        var head = ""
        while !head.hasSuffix("\r\n\r\n") {
            guard let byte = try readByte() else { throw Failure(step: "response head: \(head)", code: 0) }
            head.unicodeScalars.append(Unicode.Scalar(byte))
        }
        let lines = head.split(separator: "\r\n")
        guard let status = Int(lines[0].split(separator: " ")[1]) else {
            throw Failure(step: "status: \(lines[0])")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        var body: [UInt8] = []
        let length = hasBody && status != 100 ? Int(headers["content-length"] ?? "0") ?? 0 : 0
        while body.count < length, let byte = try readByte() { body.append(byte) }
        return Response(status: status, headers: headers, body: String(decoding: body, as: UTF8.self))
    }

    private func readByte() throws -> UInt8? {
        var byte: UInt8 = 0
        switch recv(descriptor, &byte, 1, 0) {
        case 1: return byte
        case 0: return nil
        default: throw Failure(step: "receive")
        }
    }
}

/// Runs blocking code on a thread of its own: Dispatch's are the ones that the server's handlers need.
func blocking<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
}

/// Sends the text on a connection of its own and reads one response.
func exchange(_ text: String, port: UInt16, hasBody: Bool = true) async throws -> RawClient.Response {
    try await blocking {
        let client = try RawClient(port: port)
        try client.send(text)
        return try client.readResponse(hasBody: hasBody)
    }
}

func get(_ target: String, port: UInt16) async throws -> RawClient.Response {
    try await exchange("GET \(target) HTTP/1.1\r\nHost: test\r\n\r\n", port: port)
}
#endif
