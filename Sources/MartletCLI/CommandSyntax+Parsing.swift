extension CommandSyntax {
    /// Reads the words after the command's name; `--` makes the rest positional, and `-` alone is positional too.
    /// - Throws: ``UsageError`` that names what was found and lists what is allowed.
    public func parse(_ words: [String]) throws(UsageError) -> Arguments {
        var reading = Reading(syntax: self, words: words[...])
        while let word = reading.words.popFirst() { try reading.take(word) }
        return try reading.arguments()
    }
}

/// The state of reading one command line.
private struct Reading {
    let syntax: CommandSyntax
    var words: ArraySlice<String>
    private var values: [String: String] = [:]
    private var flags: Set<String> = []
    private var isPositionalOnly = false

    init(syntax: CommandSyntax, words: ArraySlice<String>) {
        self.syntax = syntax
        self.words = words
    }

    mutating func take(_ word: String) throws(UsageError) {
        if isPositionalOnly || !word.hasPrefix("-") || word == "-" {
            try takePositional(word)
        } else if word == "--" {
            isPositionalOnly = true
        } else {
            try takeOption(word)
        }
    }

    private mutating func takePositional(_ word: String) throws(UsageError) {
        guard let next = syntax.positionals.first(where: { values[$0.name] == nil }) else {
            let allowed = syntax.positionals.map(\.name).joined(separator: " ")
            throw UsageError("expected \(allowed.isEmpty ? "no argument" : "only \(allowed)"), found \"\(word)\"")
        }
        values[next.name] = word
    }

    private mutating func takeOption(_ word: String) throws(UsageError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let option = syntax.options.first(where: { "--" + $0.name == parts.first }) else {
            throw UsageError("unknown option \"\(parts.first ?? word)\": expected \(allowedOptions)")
        }
        guard values[option.name] == nil, !flags.contains(option.name) else {
            throw UsageError("option \"--\(option.name)\" is given twice")
        }
        if option.placeholder == nil {
            guard parts.count == 1 else { throw UsageError("option \"--\(option.name)\" takes no value") }
            flags.insert(option.name)
        } else {
            values[option.name] = try value(of: option, inline: parts.dropFirst().first)
        }
    }

    private mutating func value(of option: CommandSyntax.Option, inline: String?) throws(UsageError) -> String {
        if let inline { return inline }
        guard let next = words.first, !next.hasPrefix("--") else {
            throw UsageError("option \"--\(option.name)\": expected \(option.placeholder ?? "a value"), found nothing")
        }
        words.removeFirst()
        return next
    }

    private var allowedOptions: String {
        (syntax.options.map { "--" + $0.name } + ["--help"]).joined(separator: ", ")
    }

    func arguments() throws(UsageError) -> Arguments {
        if let missing = syntax.positionals.first(where: { $0.isRequired && values[$0.name] == nil }) {
            throw UsageError("expected \(missing.name) (\(missing.help)), found nothing")
        }
        let declared = Set(syntax.positionals.map(\.name) + syntax.options.map(\.name))
        return Arguments(declared: declared, values: values, flags: flags)
    }
}

extension CommandSyntax {
    /// What must be there for what is asked for; an option's has words in it.
    /// - Throws: ``UsageError``.
    func required(_ name: String, in arguments: Arguments) throws(UsageError) -> String {
        let isOption = options.contains { $0.name == name }
        guard let text = arguments[name] else {
            throw UsageError("expected \(isOption ? "--" : "")\(name), found nothing")
        }
        // A key may be empty, a reason may not.
        guard !isOption || text.contains(where: { !$0.isWhitespace }) else {
            throw UsageError("expected words behind --\(name), found none")
        }
        return text
    }
}
