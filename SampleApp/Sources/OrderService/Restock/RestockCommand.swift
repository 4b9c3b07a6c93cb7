import Martlet
import MartletCLI
import OrderDomain

/// The command `restock`.
struct RestockCommand: Sendable {
    static let syntax = CommandSyntax(
        "restock", "adds to the stock of each article what the orders of a file want of it; each time it is run",
        positionals: [.required("FILE", "orders, one JSON object a line; - is standard input")],
        options: [.value("percent", "N", "how much of it, rounded down (default: 100)")],
        examples: [
            .init("restock Data/orders.jsonl"),
            .init("restock Data/orders.jsonl --percent 98", "so that the last orders find some shelves empty"),
        ])

    let application: Application

    static func command(_ application: Application) -> Command {
        Command(syntax) { arguments in
            let percent = try arguments.integer("percent", in: 1...10_000) ?? 100
            let restock = RestockCommand(application: application)
            let wanted = try await Wanted(from: try InputFile(path: arguments["FILE"] ?? "-"))
            StandardStream.output.writeLine(try await restock.run(wanted, percent: percent))
            return .success
        }
    }

    /// Returns what is to be printed.
    /// - Throws: `ExecuteError`.
    func run(_ wanted: Wanted, percent: Int) async throws -> String {
        var (pieces, articles) = (0, 0)
        for (article, quantity) in wanted.quantities.sorted(by: { $0.key.key < $1.key.key }) {
            let added = quantity.part(percent: percent)
            guard added > 0 else { continue }
            try await application.execute(.add(quantity: added), on: article)
            (pieces, articles) = (pieces.plus(added), articles + 1)
        }
        return "added \(pieces.grouped) pieces of \(articles.grouped) articles,"
            + " \(percent) % of what \(wanted.orders.grouped) orders want"
            + (wanted.rejectedLines == 0 ? "" : "; \(wanted.rejectedLines.grouped) lines are no orders")
    }
}

/// What the orders of a file want; lines that an import would reject want nothing.
struct Wanted: Sendable {
    private(set) var orders = 0
    private(set) var rejectedLines = 0
    private(set) var quantities: [Stock.ID: Int] = [:]

    /// Reads a file to its end, and closes it.
    /// - Throws: ``FileError``.
    init(from input: InputFile, longestLine: Int = 1_048_576) async throws {
        defer { input.close() }
        var splitter = LineSplitter(limit: longestLine)
        while true {
            let chunk = try await input.read()
            for piece in chunk.isEmpty ? [splitter.finish()].compactMap(\.self) : splitter.feed(chunk) {
                if case .line(let bytes) = piece { add(bytes) }
            }
            if chunk.isEmpty { return }
        }
    }

    private mutating func add(_ line: [UInt8]) {
        do throws(FieldProblem) {
            for demand in try ImportedOrder(line: line).form.details.demands {
                quantities[demand.article] = (quantities[demand.article] ?? 0).plus(demand.quantity)
            }
            orders += 1
        } catch { rejectedLines += 1 }
    }
}

extension Int {
    /// So many hundredths of it, rounded down; the highest number where that is more.
    fileprivate func part(percent: Int) -> Int {
        let (whole, rest) = quotientAndRemainder(dividingBy: 100)
        let (product, overflow) = whole.multipliedReportingOverflow(by: percent)
        return overflow ? .max : product.plus(rest * percent / 100)
    }

    /// The sum of two counts; the highest number where that is more.
    fileprivate func plus(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
