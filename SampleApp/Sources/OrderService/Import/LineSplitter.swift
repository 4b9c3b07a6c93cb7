/// Cuts a stream of bytes into lines, holding no more of one than a limit.
struct LineSplitter {
    enum Piece: Hashable {
        /// A whole line without its newline.
        case line([UInt8])
        /// A part of a line that is longer than the limit; the last part says so.
        case overlong([UInt8], isEnd: Bool)
    }

    private let limit: Int
    private var held: [UInt8] = []
    private var isOverlong = false

    init(limit: Int) {
        self.limit = limit
    }

    /// The pieces that these bytes complete.
    mutating func feed(_ chunk: [UInt8]) -> [Piece] {
        var pieces: [Piece] = []
        var rest = chunk[...]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            held += rest[..<newline]
            rest = rest[(newline + 1)...]
            pieces.append(endLine())
        }
        held += rest
        if isOverlong || held.count > limit { pieces += passOn() }
        return pieces
    }

    /// What is left at the end of the input, where the last line may lack its newline.
    mutating func finish() -> Piece? {
        held.isEmpty && !isOverlong ? nil : endLine()
    }

    private mutating func endLine() -> Piece {
        defer { (held, isOverlong) = ([], false) }
        return isOverlong || held.count > limit ? .overlong(held, isEnd: true) : .line(held)
    }

    private mutating func passOn() -> [Piece] {
        defer { (held, isOverlong) = ([], true) }
        return held.isEmpty ? [] : [.overlong(held, isEnd: false)]
    }
}
