#if HTTP
import Testing

@testable import MartletHTTP

@Suite struct `Header fields` {
    @Test func `are found whatever their case`() {
        let headers: HTTPHeaders = ["Content-Type": "text/plain"]
        #expect(headers["content-TYPE"] == "text/plain")
        #expect(headers["content_type"] == nil)
        #expect(headers["Content-Typ\u{45}\u{301}"] == nil)
    }

    @Test func `of one name are kept in order until one replaces them`() {
        var headers: HTTPHeaders = ["A": "1", "B": "2", "a": "3"]
        #expect(headers["A"] == "1")
        #expect(headers.values(for: "A") == ["1", "3"])
        headers["A"] = "4"
        #expect(headers.fields == [HTTPField(name: "B", value: "2"), HTTPField(name: "A", value: "4")])
        headers["b"] = nil
        #expect(headers.fields == [HTTPField(name: "A", value: "4")])
    }
}

@Suite struct `An error response` {
    @Test(
        arguments: [
            (nil, "null"), ("a\"b\\c", #""a\"b\\c""#), ("\n\u{1F}\0", #""\u000a\u001f\u0000""#), ("é/👍", #""é/👍""#),
        ] as [(String?, String)])
    func `quotes its texts as JSON`(field: String?, json: String) {
        let response = HTTPResponse.error(.badRequest, code: "c", message: "m", field: field)
        #expect(response.headers["Content-Type"] == "application/json")
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"error":{"code":"c","message":"m","field":\#(json)}}"#)
    }
}
#endif
