/// What a process manager's instances have done, as a Mermaid state diagram: from phase to phase by which input, with what
/// was asked for and how often it has happened.
struct ProcessDiagram {
    /// One way from a phase to another, and how many inputs have gone it.
    struct Step {
        /// Nil where it starts.
        let from: Place?
        let to: Place
        let input: String
        let effects: String
        let count: Int
    }

    struct Place: Hashable {
        let status: InstanceStatus
        let phase: String
    }

    let steps: [Step]

    var text: String {
        var (lines, names) = (["stateDiagram-v2"], [String: String]())
        for label in steps.flatMap({ [$0.from, $0.to] }).compactMap({ $0?.label }) where names[label] == nil {
            names[label] = "s\(names.count + 1)"
            lines.append("    state \"\(label.mermaid)\" as \(names[label, default: "s"])")
        }
        func node(_ place: Place?) -> String { place?.label.flatMap { names[$0] } ?? "[*]" }
        return
            (lines
            + steps.map { step in
                let effects = step.effects.isEmpty ? "" : " / \(step.effects)"
                let end = step.to.status.isEnd ? " = \(step.to.status.rawValue)" : ""
                return "    \(node(step.from)) --> \(node(step.to)): \((step.input + effects + end).mermaid)"
                    + " (\(step.count)×)"
            })
            .joined(separator: "\n")
    }
}

extension ProcessDiagram.Place {
    /// Nil for the end.
    fileprivate var label: String? {
        switch status {
        case .running: phase
        case .compensating: "compensating"
        case .completed, .compensated: nil
        }
    }
}

extension String {
    /// On one line, and with what means something to Mermaid as its entity codes.
    var mermaid: String {
        var (text, last) = ("", Character(" "))
        for character in self {
            let isSafe =
                character.isLetter || character.isNumber || " _.,/()=+!?'".contains(character)
                || (character == "-" && last != "-")
            if isSafe {
                text.append(character)
            } else if character.isWhitespace {
                text.append(" ")
            } else {
                text += character.unicodeScalars.map { "#\($0.value);" }.joined()
            }
            last = character
        }
        return text.isEmpty ? " " : text
    }
}
