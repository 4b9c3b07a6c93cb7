import Martlet
import Testing

@testable import MartletCLI

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

    @Test func `who lacks tables is told to migrate, where the program can`() {
        let absent = PostgresError(sqlState: .undefinedTable, message: "relation \"events\" does not exist")
        let migrate = Command(MigrateCommand.syntax) { _ in .success }
        let shop = Program("shop", "a shop", commands: [migrate])
        #expect(shop.advice(on: absent) == "is the database up to date? try: shop migrate")
        #expect(shop.advice(on: EventStoreError.database(absent)) != nil)
        #expect(shop.advice(on: PostgresError(sqlState: .unableToConnect, message: "away")) == nil)
        #expect(program.advice(on: absent) == nil)
    }

    @Test(arguments: [
        ("TS-2026-000007", "TS-2026-000007"), ("give back", "'give back'"), ("", "''"), ("a'b", "'a'\\''b'"),
        ("é", "'é'"), ("$(x)", "'$(x)'"),
    ])
    func `what is to be typed is one word for a shell`(text: String, word: String) {
        #expect(text.shellWord == word)
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
