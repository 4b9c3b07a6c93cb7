import Testing

@testable import MartletCLI

struct ProjectionsCommandTests {
    private func request(_ words: [String]) throws -> ProjectionsCommand.Request {
        try ProjectionsCommand.request(try ProjectionsCommand.syntax.parse(words))
    }

    @Test func `a line becomes a request`() throws {
        #expect(try request([]) == .status(name: nil, partitions: false))
        #expect(try request(["status", "sales", "--partitions"]) == .status(name: "sales", partitions: true))
        #expect(try request(["pause", "sales", "--reason", "disk"]) == .pause(name: "sales", reason: "disk"))
        #expect(try request(["resume", "sales", "--json"]) == .resume(name: "sales"))
        #expect(try request(["parked"]) == .parked(name: nil))
        #expect(try request(["show", "sales", "a b"]) == .show(name: "sales", key: "a b"))
        #expect(try request(["retry", "sales", "--", "-7"]) == .retry(name: "sales", key: "-7"))
        #expect(try request(["retry", "sales", ""]) == .retry(name: "sales", key: ""))
        #expect(try request(["retry", "sales", "--all"]) == .retryAll(name: "sales"))
    }

    @Test func `a decision has a reason and an actor, and is not sure of itself`() throws {
        let decision = ["--reason", "test data", "--by", "ada"]
        #expect(
            try request(["discard", "sales", "a"] + decision)
                == .discard(
                    name: "sales", key: "a", .init(reason: "test data", actor: "ada", isOfAll: false, isSure: false)))
        #expect(
            try request(["discard", "sales", "a", "--all", "--yes"] + decision)
                == .discard(
                    name: "sales", key: "a", .init(reason: "test data", actor: "ada", isOfAll: true, isSure: true)))
        #expect(
            try request(["skip", "sales", "1204"] + decision)
                == .skip(
                    name: "sales", 1204, .init(reason: "test data", actor: "ada", isOfAll: false, isSure: false)))
    }

    @Test(arguments: [
        (
            ["stop"],
            "expected one of status, pause, resume, parked, show, retry, discard, skip, found \"stop\""
        ),
        (["pause"], "expected NAME, found nothing"), (["pause", "sales"], "expected --reason, found nothing"),
        (["pause", "sales", "--reason", " "], "expected words behind --reason, found none"),
        (["pause", "sales", "a", "--reason=x"], "expected nothing behind \"pause NAME\", found \"a\""),
        (["resume", "sales", "--yes"], "option \"--yes\" does not go with \"resume\""),
        (["--by", "ada"], "option \"--by\" does not go with \"status\""),
        (["show", "sales"], "expected KEY, found nothing"),
        (["retry", "sales"], "expected KEY or --all behind \"retry sales\""),
        (["retry", "sales", "a", "--all"], "expected KEY or --all, found both"),
        (["discard", "sales", "a", "--by", "ada"], "expected --reason, found nothing"),
        (["discard", "sales", "a", "--reason=x"], "expected --by, found nothing"),
        (
            ["skip", "sales", "0", "--reason=x", "--by=ada"],
            "expected the position of the event before which it stands, found \"0\""
        ),
    ])
    func `a line that makes no sense is refused before anything is done`(words: [String], problem: String) {
        #expect(throws: UsageError(problem)) { try request(words) }
    }

    @Test func `columns are as wide as their widest cell, and numbers stand to the right`() {
        var table = TextTable(.text("name"), .number("n"), .text("note"))
        #expect(table.lines.isEmpty)
        table.add(.text("a"), .number("1,000"), .text("x"))
        table.add(.text("longer"), .number("2"), .text(""))
        #expect(table.lines == ["name        n  note", "a       1,000  x", "longer      2"])
    }

    private static let times: [(Double, String)] = [
        (0.0, "0 s"), (0.26, "0.3 s"), (4.21, "4.2 s"), (61, "61 s"), (180, "3 min"), (18_000, "5 h"),
        (172_800_000, "2,000 d"),
    ]

    @Test(arguments: times) func `a time is told in the unit that fits`(seconds: Double, text: String) {
        #expect(Duration.seconds(seconds).rounded == text)
    }
}
