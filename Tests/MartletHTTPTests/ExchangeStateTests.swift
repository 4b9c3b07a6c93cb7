#if HTTP
import Testing

@testable import MartletHTTP

@Suite struct `An exchange` {
    private let post = RequestHead(method: .post, headers: [:], isTargetCut: false)

    private func exchange(target: String = "/a", maximumBody: Int = 4) -> ExchangeState {
        ExchangeState(target: Array(target.utf8), maximumBody: maximumBody)
    }

    @Test func `goes from the head over the body to the handler and its answer`() {
        var exchange = exchange()
        #expect(exchange.awaitsHead)
        #expect(exchange.receive(post).name == "proceed")
        #expect(!exchange.awaitsHead)
        #expect(exchange.receive([1, 2]).name == "proceed")
        #expect(exchange.receive([3, 4]).name == "proceed")
        guard case .submit(let request) = exchange.resume() else {
            Issue.record("expected a submission")
            return
        }
        #expect(request.body == [1, 2, 3, 4])
        #expect(exchange.resume().name == "proceed")
        exchange.settle(.text("done"))
        #expect(exchange.resume().name == "reply 200")
        #expect(exchange.resume().name == "hangUp")
    }

    @Test func `is cut off by the first byte over the limit`() {
        var exchange = exchange()
        _ = exchange.receive(post)
        _ = exchange.receive([1, 2, 3, 4])
        #expect(exchange.receive([5]).name == "cutOff 413")
        #expect(exchange.receive([6]).name == "hangUp")
    }

    @Test func `hangs up when it is abandoned`() {
        var exchange = exchange()
        _ = exchange.receive(post)
        _ = exchange.resume()
        exchange.settle(nil)
        #expect(exchange.resume().name == "hangUp")
    }

    @Test(
        arguments: [
            ("/", ["Content-Length": "4"], "proceed"), ("/", ["Content-Length": "5"], "reply 413"),
            ("/", ["Content-Length": "99999999999999999999"], "reply 413"),
            ("/", ["Content-Length": "x"], "reply 413"),
            ("/", ["Content-Length": "1", "content-length": "1"], "reply 400"), ("/%", [:], "reply 400"),
        ] as [(String, HTTPHeaders, String)])
    func `is judged by its head`(target: String, headers: HTTPHeaders, action: String) {
        var exchange = exchange(target: target)
        let head = RequestHead(method: .post, headers: headers, isTargetCut: false)
        #expect(exchange.receive(head).name == action)
    }

    @Test func `whose target was cut at a NUL is refused`() {
        var exchange = exchange()
        let head = RequestHead(method: .get, headers: [:], isTargetCut: true)
        #expect(exchange.receive(head).name == "reply 400")
    }
}

@Suite struct `The admission of requests` {
    @Test func `admits up to the limit and again after an answer`() {
        var admission = Admission(limit: 2)
        #expect([admission.admit(), admission.admit(), admission.admit()] == [.admitted, .admitted, .overloaded])
        admission.answered()
        #expect(admission.admit() == .admitted)
    }

    @Test func `is drained when it stops and everything has been sent`() {
        var admission = Admission(limit: 2)
        _ = admission.admit()
        #expect(!admission.isDrained)
        admission.stop()
        #expect(admission.admit() == .stopping)
        admission.answered()
        #expect(!admission.isDrained)
        admission.completed()
        #expect(admission.isDrained)
    }
}

extension ExchangeState {
    fileprivate mutating func receive(_ bytes: [UInt8]) -> Action {
        bytes.withUnsafeBytes { receive($0) }
    }
}

extension ExchangeState.Action {
    fileprivate var name: String {
        switch self {
        case .proceed: "proceed"
        case .reply(let response): "reply \(response.status.rawValue)"
        case .submit: "submit"
        case .cutOff(let response): "cutOff \(response.status.rawValue)"
        case .hangUp: "hangUp"
        }
    }
}
#endif
