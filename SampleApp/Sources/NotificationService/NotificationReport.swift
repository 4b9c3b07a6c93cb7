import Martlet
import MartletJSON

/// What was published beside what was written.
struct NotificationReport: Encodable, Sendable {
    struct Line: Encodable, Sendable {
        let message: String
        let published: Int
        let letter: String
        let written: Int

        var matches: Bool { published == written }
    }

    let lines: [Line]
    /// Messages that could not be taken, and those that wait behind them.
    let open: Int
    /// Messages that have not been read yet.
    let behind: Int
    let matches: Bool

    init(published: [String: Int], written: [NotificationKind: Int], open: Int, behind: Int) {
        lines = NotificationKind.allCases.map { kind in
            Line(
                message: kind.messageType, published: published[kind.messageType] ?? 0, letter: kind.rawValue,
                written: written[kind] ?? 0)
        }
        (self.open, self.behind) = (open, behind)
        matches = lines.allSatisfy(\.matches) && open == 0
    }

    var json: String {
        get throws { String(decoding: try PayloadEncoder().encode(self), as: UTF8.self) }
    }

    var page: String {
        let numbers = lines.map { ($0.published.grouped, $0.written.grouped) }
        let width = numbers.flatMap { [$0.0.count, $0.1.count] }.max() ?? 0
        var text = ["Messages on \"orders\"     in the topic     letters written"]
        for (line, number) in zip(lines, numbers) {
            text.append(
                "  " + line.message.padded(to: 20) + number.0.leftPadded(to: max(width, 14)) + "     "
                    + line.letter.padded(to: 13) + number.1.leftPadded(to: width) + (line.matches ? "" : "  differs"))
        }
        if behind > 0 { text.append("\(behind.grouped) messages have not been read yet") }
        if open > 0 {
            text.append("\(open.grouped) messages wait: notification-service consumers notifications --letters")
        }
        let sum = lines.reduce(0) { $0 + $1.written }
        text.append(
            matches ? "every message has its letter, and no other was written: \(sum.grouped)" : "they do not match")
        return text.joined(separator: "\n")
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}
