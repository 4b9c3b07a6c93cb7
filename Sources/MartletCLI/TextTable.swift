/// Rows in columns as wide as their widest cell, numbers to the right.
struct TextTable {
    enum Cell {
        case text(String)
        case number(String)

        fileprivate var text: String {
            switch self {
            case .text(let text), .number(let text): text
            }
        }
    }

    private let heads: [Cell]
    private var rows: [[Cell]] = []

    /// - Parameter heads: of the columns; a number's stands to the right, too.
    init(_ heads: Cell...) { self.heads = heads }

    mutating func add(_ cells: Cell...) { rows.append(cells) }

    /// The lines, the heads first; none when there are no rows.
    var lines: [String] {
        guard !rows.isEmpty else { return [] }
        let all = [heads] + rows
        let widths = heads.indices.map { column in all.map { $0[column].text.count }.max() ?? 0 }
        return all.map { cells in
            let padded = zip(cells, widths).map { cell, width in cell.padded(to: width) }
            return String(padded.joined(separator: "  ").trimmingSuffix(while: \.isWhitespace))
        }
    }
}

extension TextTable.Cell {
    fileprivate func padded(to width: Int) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return switch self {
        case .text: text + space
        case .number: space + text
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
        self[..<(lastIndex { !predicate($0) }.map(index(after:)) ?? startIndex)]
    }

    /// Its lines as one.
    var onOneLine: String { split(whereSeparator: \.isNewline).joined(separator: " ") }

    /// As a shell takes it for one word: quoted, unless it needs no quotes.
    var shellWord: String {
        let isPlain =
            !isEmpty
            && allSatisfy { character in
                character.isASCII && (character.isLetter || character.isNumber) || "-._/:@".contains(character)
            }
        guard !isPlain else { return self }
        return "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

extension Int {
    /// With its noun: `1 event`, `2,000 events`.
    func counted(_ noun: String) -> String { "\(grouped) \(noun)\(self == 1 ? "" : "s")" }
}
