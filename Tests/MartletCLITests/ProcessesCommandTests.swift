import Testing

@testable import MartletCLI

struct ProcessesCommandTests {
    private func request(_ words: [String]) throws -> ProcessesCommand.Request {
        try ProcessesCommand.request(try ProcessesCommand.syntax.parse(words))
    }

    @Test func `a line becomes a request`() throws {
        #expect(try request([]) == .overview(name: nil))
        #expect(try request(["orders", "--json"]) == .overview(name: "orders"))
        #expect(try request(["orders", "42"]) == .why(name: "orders", key: "42"))
        #expect(
            try request(["orders", "42", "--history", "--limit=7"]) == .history(name: "orders", key: "42", limit: 7))
        #expect(try request(["orders", "--stuck"]) == .list(name: "orders", .stuck, limit: 100))
        #expect(
            try request(["orders", "--in", "compensating"])
                == .list(name: "orders", .status(.compensating), limit: 100))
        #expect(
            try request(["orders", "42", "--retry", "authorise", "--by", "ada"])
                == .retry(name: "orders", key: "42", "authorise", by: "ada"))
        #expect(
            try request(["orders", "42", "--retry", "3", "--by", "ada"])
                == .retry(name: "orders", key: "42", 3, by: "ada"))
        #expect(
            try request(["orders", "--retry-all", "--by", "ada"]) == .retryAll(name: "orders", nil, by: "ada"))
        #expect(
            try request(["orders", "--retry-all", "--step", "void", "--by", "ada"])
                == .retryAll(name: "orders", "void", by: "ada"))
        #expect(try request(["orders", "42", "--retry-input"]) == .retryInput(name: "orders", key: "42"))
        #expect(try request(["orders", "--pause", "--reason", "disk"]) == .pause(name: "orders", reason: "disk"))
        #expect(try request(["orders", "--resume"]) == .resume(name: "orders"))
        #expect(try request(["orders", "--diagram"]) == .diagram(name: "orders"))
        #expect(
            try request(["orders", "--forget-ended", "90", "--yes"])
                == .forget(name: "orders", days: 90, isSure: true))
    }

    @Test func `a decision has a reason and an actor`() throws {
        let words = ["--reason", "by phone", "--by", "ada"]
        let decision = ProcessesCommand.Decision(reason: "by phone", actor: "ada", isSure: false)
        #expect(
            try request(["orders", "42", "--skip", "void"] + words)
                == .skip(name: "orders", key: "42", "void", decision))
        #expect(
            try request(["orders", "42", "--compensate"] + words)
                == .compensate(name: "orders", key: "42", decision))
        #expect(
            try request(["orders", "42", "--discard-input"] + words)
                == .discardInput(name: "orders", key: "42", decision))
    }

    @Test(arguments: [
        (["--stuck"], "expected NAME, found nothing"),
        (["orders", "--history"], "expected KEY, found nothing"),
        (["orders", "42", "--stuck"], "expected nothing behind NAME with --stuck, found \"42\""),
        (["orders", "42", "--history", "--compensate"], "expected one of --history and --compensate"),
        (["orders", "42", "--retry", "a"], "expected --by, found nothing"),
        (["orders", "--retry-all"], "expected --by, found nothing"),
        (
            ["orders", "42", "--retry-all", "--by", "ada"],
            "expected nothing behind NAME with --retry-all, found \"42\""
        ),
        (["orders", "42", "--step", "a"], "option \"--step\" does not go with a look"),
        (["orders", "42", "--skip", "a", "--by=x"], "expected --reason, found nothing"),
        (["orders", "42", "--compensate", "--by=x", "--reason= "], "expected words behind --reason, found none"),
        (["orders", "--pause"], "expected --reason, found nothing"),
        (["orders", "--by", "ada"], "option \"--by\" does not go with a look"),
        (["orders", "--diagram", "--yes"], "option \"--yes\" does not go with --diagram"),
        (
            ["orders", "--in", "asleep"],
            "option \"--in\": expected one of running, compensating, completed, compensated, found \"asleep\""
        ),
        (
            ["orders", "--forget-ended", "-1"],
            "option \"--forget-ended\": expected a number from 0 to 100000, found \"-1\""
        ),
    ])
    func `a line that makes no sense is refused before anything is done`(words: [String], problem: String) {
        #expect(throws: UsageError(problem)) { try request(words) }
    }
}
