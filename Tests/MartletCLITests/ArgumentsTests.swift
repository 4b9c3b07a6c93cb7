import MartletCLI
import Testing

struct ArgumentsTests {
    private let syntax = CommandSyntax(
        "import", "reads orders", positionals: [.required("FILE", "orders"), .optional("MORE", "other orders")],
        options: [
            .value("url", "URL", "a service"), .value("concurrency", "N", "at once"), .flag("json", "print JSON"),
        ],
        examples: [.init("import orders.jsonl", "the shipped ones")])

    @Test(arguments: [
        ["orders.jsonl", "--url", "http://a", "--json"], ["--json", "--url=http://a", "orders.jsonl"],
        ["--url", "http://a", "--json", "--", "orders.jsonl"],
    ])
    func `options stand in any place and form`(words: [String]) throws {
        let arguments = try syntax.parse(words)
        #expect(arguments["FILE"] == "orders.jsonl")
        #expect(arguments["MORE"] == nil)
        #expect(arguments["url"] == "http://a")
        #expect(arguments.has("json"))
    }

    @Test func `a hyphen alone and what follows two are positional`() throws {
        let arguments = try syntax.parse(["-", "--", "--json"])
        #expect(arguments["FILE"] == "-")
        #expect(arguments["MORE"] == "--json")
        #expect(!arguments.has("json"))
    }

    @Test func `a value may be empty, and may hold an equals sign`() throws {
        #expect(try syntax.parse(["a", "--url="])["url"] == "")
        #expect(try syntax.parse(["a", "--url=x=y"])["url"] == "x=y")
    }

    @Test(arguments: [
        (["a", "--jsn"], "unknown option \"--jsn\": expected --url, --concurrency, --json, --help"),
        (["a", "-x"], "unknown option \"-x\": expected --url, --concurrency, --json, --help"),
        (["a", "b", "c"], "expected only FILE MORE, found \"c\""),
        ([], "expected FILE (orders), found nothing"),
        (["a", "--url"], "option \"--url\": expected URL, found nothing"),
        (["a", "--url", "--json"], "option \"--url\": expected URL, found nothing"),
        (["a", "--json=yes"], "option \"--json\" takes no value"),
        (["a", "--json", "--json"], "option \"--json\" is given twice"),
    ])
    func `a line that is not understood is refused`(words: [String], problem: String) {
        #expect(throws: UsageError(problem)) { try syntax.parse(words) }
    }

    @Test(arguments: ["0", "257", "1.5", "x", "", "99999999999999999999"])
    func `a number outside of its bounds is refused`(text: String) throws {
        let arguments = try syntax.parse(["a", "--concurrency=\(text)"])
        #expect(throws: UsageError("option \"--concurrency\": expected a number from 1 to 256, found \"\(text)\"")) {
            try arguments.integer("concurrency", in: 1...256)
        }
    }

    @Test func `help lists arguments, options and examples`() {
        #expect(
            syntax.help(program: "shop") == """
                shop import: reads orders

                usage: shop import FILE [MORE] [OPTIONS]

                  FILE  orders
                  MORE  other orders

                  --url URL        a service
                  --concurrency N  at once
                  --json           print JSON
                  --help           print this

                examples:
                  shop import orders.jsonl  the shipped ones
                """)
    }
}
