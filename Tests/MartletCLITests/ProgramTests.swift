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
}
