import Testing

@testable import OrderService

struct LineSplitterTests {
    private func pieces(_ text: String, chunk: Int, limit: Int = 5) -> [LineSplitter.Piece] {
        var splitter = LineSplitter(limit: limit)
        var pieces: [LineSplitter.Piece] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            pieces += splitter.feed(Array(rest.prefix(chunk)))
            rest = rest.dropFirst(chunk)
        }
        return pieces + [splitter.finish()].compactMap(\.self)
    }

    @Test(arguments: 1...12)
    func `lines are the same however they arrive`(chunk: Int) {
        #expect(
            pieces("abc\n\nde\r\nf", chunk: chunk)
                == ["abc", "", "de\r", "f"].map { LineSplitter.Piece.line(Array($0.utf8)) })
    }

    @Test(arguments: 1...12)
    func `a line that is too long passes byte for byte without being held`(chunk: Int) {
        var long: [UInt8] = []
        var lines: [String] = []
        for piece in pieces("ab\n1234567890\nabcde\n", chunk: chunk) {
            switch piece {
            case .line(let bytes): lines.append(String(decoding: bytes, as: UTF8.self))
            case .overlong(let bytes, let isEnd):
                #expect(bytes.count <= max(chunk, 6) + 5)
                long += bytes
                if isEnd { lines.append("long") }
            }
        }
        #expect(lines == ["ab", "long", "abcde"])
        #expect(String(decoding: long, as: UTF8.self) == "1234567890")
    }
}
