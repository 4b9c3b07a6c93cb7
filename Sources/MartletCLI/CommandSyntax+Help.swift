extension CommandSyntax {
    /// The command's page of help, for a program of that name.
    public func help(program: String) -> String {
        let usage = ([title(in: program)] + positionals.map(\.usage) + (options.isEmpty ? [] : ["[OPTIONS]"]))
        let sections = [
            "\(title(in: program)): \(summary)", "usage: " + usage.joined(separator: " "), argumentList, optionList,
            exampleList(program: program),
        ]
        return sections.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// How the command is called: by its name alone where that is the program's own.
    func title(in program: String) -> String { program == name ? name : "\(program) \(name)" }

    private var argumentList: String {
        Self.aligned(positionals.map { ($0.name, $0.help) })
    }

    private var optionList: String {
        let own = options.map { option in
            ("--" + option.name + (option.placeholder.map { " " + $0 } ?? ""), option.help)
        }
        return Self.aligned(own + [("--help", "print this")])
    }

    private func exampleList(program: String) -> String {
        guard !examples.isEmpty else { return "" }
        let start = program == name ? "" : program + " "
        return "examples:\n" + Self.aligned(examples.map { (start + $0.line, $0.meaning) })
    }

    /// Two columns, the second of which begins at the same place in every line.
    static func aligned(_ lines: [(left: String, right: String)]) -> String {
        let width = lines.map(\.left.count).max() ?? 0
        return lines.map { left, right in
            right.isEmpty
                ? "  " + left : "  " + left + String(repeating: " ", count: width - left.count + 2) + right
        }.joined(separator: "\n")
    }
}

extension CommandSyntax.Positional {
    fileprivate var usage: String { isRequired ? name : "[\(name)]" }
}
