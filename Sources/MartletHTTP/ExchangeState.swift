#if HTTP
/// What libmicrohttpd knows of a request once its headers have arrived.
struct RequestHead {
    let method: HTTPMethod
    let headers: HTTPHeaders
    /// Whether the target held a NUL byte, at which libmicrohttpd would cut it off.
    let isTargetCut: Bool
}

/// One request's way to its response, without I/O: each step returns what is to be done.
struct ExchangeState {
    enum Action {
        /// Go on reading.
        case proceed
        case reply(HTTPResponse)
        case submit(HTTPRequest)
        /// Reply although libmicrohttpd takes no response now, and close.
        case cutOff(HTTPResponse)
        case hangUp
    }

    private enum Phase {
        case opened
        case receiving(HTTPMethod, RequestTarget, HTTPHeaders)
        case submitted
        case answered(HTTPResponse)
        case finished
    }

    private let target: Result<RequestTarget, HTTPTargetError>
    private let maximumBody: Int
    private var phase = Phase.opened
    /// Outside of the phase, so that appending to it never copies it.
    private var body: [UInt8] = []

    init(target bytes: [UInt8], maximumBody: Int) {
        target = Result { () throws(HTTPTargetError) in try RequestTarget(parsing: bytes) }
        self.maximumBody = maximumBody
    }

    var awaitsHead: Bool {
        if case .opened = phase { true } else { false }
    }

    mutating func receive(_ head: RequestHead) -> Action {
        switch accept(head) {
        case .success(let target):
            phase = .receiving(head.method, target, head.headers)
            return .proceed
        case .failure(let refusal):
            phase = .finished
            return .reply(refusal.response)
        }
    }

    mutating func receive(_ bytes: UnsafeRawBufferPointer) -> Action {
        guard case .receiving = phase else { return .hangUp }
        guard bytes.count <= maximumBody - body.count else {
            phase = .finished
            body = []
            return .cutOff(.bodyTooLarge(limit: maximumBody, found: "more"))
        }
        body.append(contentsOf: bytes)
        return .proceed
    }

    /// The request is complete, or its connection runs again after it was suspended.
    mutating func resume() -> Action {
        switch phase {
        case .receiving(let method, let target, let headers):
            phase = .submitted
            defer { body = [] }
            return .submit(HTTPRequest(method: method, target: target, headers: headers, body: body))
        case .submitted:
            return .proceed
        case .answered(let response):
            phase = .finished
            return .reply(response)
        case .opened, .finished:
            return .hangUp
        }
    }

    /// - Parameter response: `nil` if there will be none, and the connection is to be closed.
    mutating func settle(_ response: HTTPResponse?) {
        phase = response.map { .answered($0) } ?? .finished
    }

    private struct Refusal: Error {
        let response: HTTPResponse
    }

    private func accept(_ head: RequestHead) -> Result<RequestTarget, Refusal> {
        if head.isTargetCut { return .failure(Refusal(response: .undecodableTarget(.containsNUL))) }
        if !head.headers.frameBodyClearly { return .failure(Refusal(response: .ambiguousLength())) }
        if let announced = head.headers["Content-Length"], UInt64(announced) ?? .max > maximumBody {
            return .failure(Refusal(response: .bodyTooLarge(limit: maximumBody, found: announced)))
        }
        return target.mapError { Refusal(response: .undecodableTarget($0)) }
    }
}

extension HTTPHeaders {
    /// Whether no two servers could disagree on where the body ends (request smuggling, RFC 9112 section 11.2).
    ///
    /// libmicrohttpd would prefer one of several, and read a coding that it does not know until the connection
    /// closes.
    fileprivate var frameBodyClearly: Bool {
        let codings = values(for: "Transfer-Encoding")
        return values(for: "Content-Length").count + codings.count <= 1
            && codings.allSatisfy { $0.equalsIgnoringCase("chunked") }
    }
}
#endif
