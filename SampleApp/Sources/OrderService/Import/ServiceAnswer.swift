/// A response of HTTP/1.1, put together as its bytes arrive.
///
/// It knows what an order service sends, a `Content-Length`, and of others only so much that they are told apart.
struct ServiceAnswer: Hashable {
    private(set) var status = 0
    private(set) var body: [UInt8] = []
    /// Whether another request may follow on the same connection.
    private(set) var isReusable = true
    private var head: [UInt8] = []
    private var bodyLength: Int?

    private static let longestHead = 65_536
    private static let longestBody = 16_777_216

    /// What arrived is no response that an order service sends.
    struct Malformed: Error, Hashable {
        let problem: String
    }

    /// Takes the next bytes; true once the response is complete.
    mutating func feed(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> Bool {
        guard bodyLength == nil else { return try feedBody(bytes) }
        head += bytes
        // Only what is new can complete the blank line that ends the head.
        let start = max(0, head.count - bytes.count - 3)
        guard let end = Self.blankLine(in: head[start...]) else {
            guard head.count <= Self.longestHead else { throw Malformed(problem: "a head without end") }
            return false
        }
        let rest = head[end...]
        try readHead(String(decoding: head[..<end], as: UTF8.self))
        return try feedBody(rest)
    }

    private mutating func feedBody(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> Bool {
        let length = bodyLength ?? 0
        body += bytes
        guard body.count <= length else {
            throw Malformed(problem: "\(body.count) bytes where \(length) were announced")
        }
        return body.count == length
    }

    private mutating func readHead(_ text: String) throws(Malformed) {
        let lines = text.split(whereSeparator: \.isNewline)
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]), (200...999).contains(status)
        else { throw Malformed(problem: "no status line of HTTP/1.1") }
        self.status = status
        isReusable = words[0] == "HTTP/1.1"
        for line in lines.dropFirst() {
            let field = line.split(separator: ":", maxSplits: 1)
            guard field.count == 2 else { continue }
            let value = field[1].filter { !$0.isWhitespace }.lowercased()
            switch field[0].lowercased() {
            case "content-length":
                guard let length = Int(value), (0...Self.longestBody).contains(length) else {
                    throw Malformed(problem: "a body of \(value.excerpt) bytes")
                }
                bodyLength = length
            case "connection": isReusable = isReusable && value != "close"
            default: break
            }
        }
        if bodyLength == nil { throw Malformed(problem: "a body of unknown length") }
    }

    /// The index behind the first `CR LF CR LF`.
    private static func blankLine(in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.indices.first { bytes[$0...].starts(with: [13, 10, 13, 10]) }.map { $0 + 4 }
    }
}
