import MartletCLI
import Testing

@testable import OrderService

struct ServiceAnswerTests {
    private let text = "HTTP/1.1 201 Created\r\nContent-Type: a/b\r\ncontent-length: 5\r\n\r\nhello"

    /// Feeds a response in pieces of one size.
    private func answer(_ text: String, piece: Int) throws -> (ServiceAnswer, isComplete: Bool) {
        var answer = ServiceAnswer()
        var rest = Array(text.utf8)[...]
        var isComplete = false
        while !rest.isEmpty {
            isComplete = try answer.feed(rest.prefix(piece))
            rest = rest.dropFirst(piece)
        }
        return (answer, isComplete)
    }

    @Test(arguments: 1...40)
    func `an answer is the same however it arrives`(piece: Int) throws {
        let (answer, isComplete) = try answer(text, piece: piece)
        #expect(isComplete)
        #expect(answer.status == 201)
        #expect(answer.body == Array("hello".utf8))
        #expect(answer.isReusable)
    }

    @Test func `an answer that is cut off is not complete`() throws {
        for length in 0..<text.utf8.count {
            #expect(try answer(String(decoding: text.utf8.prefix(length), as: UTF8.self), piece: 7).isComplete == false)
        }
    }

    @Test(arguments: ["HTTP/1.0 200 OK\r\n", "HTTP/1.1 200 OK\r\nConnection: Close\r\n"])
    func `a service that closes is not asked again`(head: String) throws {
        #expect(try answer(head + "Content-Length: 0\r\n\r\n", piece: 9).0.isReusable == false)
    }

    @Test(arguments: [
        "SSH-2.0\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 x\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", "HTTP/1.1 100 Continue\r\n\r\n",
        String(repeating: "a", count: 70_000),
    ])
    func `what no order service sends is refused`(text: String) {
        #expect(throws: ServiceAnswer.Malformed.self) { try answer(text, piece: 1000) }
    }

    @Test(arguments: [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"), ("http://shop/", "http://shop:80"),
        ("http://[::1]:81/a%20b/", "http://[::1]:81/a%20b"),
    ])
    func `an address is read from its URL`(url: String, expected: String) throws {
        #expect(try ServiceAddress(url: url).description == expected)
    }
}
