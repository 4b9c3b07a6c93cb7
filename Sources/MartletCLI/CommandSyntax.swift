/// What one command takes on the command line, declared once for parsing and for `--help`.
///
/// ```swift
/// let syntax = CommandSyntax(
///     "import", "reads orders from a file", positionals: [.required("FILE", "orders as JSON lines")],
///     options: [.value("url", "URL", "send them to a service"), .flag("json", "print JSON")],
///     examples: [.init("import orders.jsonl")])
/// let arguments = try syntax.parse(["orders.jsonl", "--json"])
/// ```
public struct CommandSyntax: Sendable {
    public let name: String
    /// What the command does, in one line.
    public let summary: String
    public let positionals: [Positional]
    public let options: [Option]
    public let examples: [Example]

    public init(
        _ name: String, _ summary: String, positionals: [Positional] = [], options: [Option] = [],
        examples: [Example] = []
    ) {
        self.name = name
        self.summary = summary
        self.positionals = positionals
        self.options = options
        self.examples = examples
    }

    /// An argument known by its place.
    public struct Positional: Hashable, Sendable {
        public let name: String
        public let help: String
        public let isRequired: Bool

        public static func required(_ name: String, _ help: String) -> Positional {
            Positional(name: name, help: help, isRequired: true)
        }

        public static func optional(_ name: String, _ help: String) -> Positional {
            Positional(name: name, help: help, isRequired: false)
        }
    }

    /// An argument known by its name.
    public struct Option: Hashable, Sendable {
        /// Without the two hyphens.
        public let name: String
        /// What stands for the value in the help; nil for a flag.
        public let placeholder: String?
        public let help: String

        /// Given as `--name VALUE` or `--name=VALUE`.
        public static func value(_ name: String, _ placeholder: String, _ help: String) -> Option {
            Option(name: name, placeholder: placeholder, help: help)
        }

        /// Given as `--name`, or not.
        public static func flag(_ name: String, _ help: String) -> Option {
            Option(name: name, placeholder: nil, help: help)
        }
    }

    /// A command line, without the program's name, that does something useful.
    public struct Example: Hashable, Sendable {
        public let line: String
        public let meaning: String

        public init(_ line: String, _ meaning: String = "") {
            self.line = line
            self.meaning = meaning
        }
    }
}
