import MartletCLI
import Testing

struct ProgramTests {
    private struct Broken: Error {}

    private let program = Program(
        "shop", "a shop",
        commands: [
            Command(CommandSyntax("work", "works")) { _ in .success },
            Command(CommandSyntax("fail", "fails")) { _ in throw Broken() },
            Command(CommandSyntax("doubt", "finds the line odd")) { _ in throw UsageError("expected less") },
        ])

    @Test(arguments: [
        (["work"], ExitCode.success), (["--help"], .success), (["work", "--help"], .success), (["fail"], .failure),
        (["doubt"], .usage), ([], .usage), (["play"], .usage), (["work", "hard"], .usage),
        (["work", "--hard"], .usage),
    ])
    func `the exit code tells how it went`(words: [String], expected: ExitCode) async {
        #expect(await program.run(words) == expected)
    }

    @Test(arguments: [
        (["shirts"], ExitCode.success), (["--help"], .success), ([], .usage), (["shirts", "--hard"], .usage),
    ])
    func `a program of one command takes no command's name`(words: [String], expected: ExitCode) async {
        let syntax = CommandSyntax(
            "iron", "irons", positionals: [.required("WHAT", "clothes")], examples: [.init("iron shirts")])
        #expect(await Program(Command(syntax) { _ in .success }).run(words) == expected)
        #expect(syntax.help(program: "iron").hasPrefix("iron: irons\n\nusage: iron WHAT"))
        #expect(syntax.help(program: "iron").hasSuffix("examples:\n  iron shirts"))
    }
}
