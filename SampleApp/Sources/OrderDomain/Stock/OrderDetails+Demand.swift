public import Martlet

/// What an order wants of one article, over all its lines.
public struct Demand: Codable, Hashable, Sendable {
    public let article: Stock.ID
    public let quantity: Int

    public init(article: Stock.ID, quantity: Int) {
        (self.article, self.quantity) = (article, quantity)
    }
}

extension OrderDetails {
    /// One for each article, in the order in which the articles first come.
    public var demands: [Demand] {
        var articles: [Stock.ID] = []
        var quantities: [Stock.ID: Int] = [:]
        for line in lines {
            let article = Stock.ID(line.sku)
            guard let before = quantities[article] else {
                articles.append(article)
                quantities[article] = line.quantity
                continue
            }
            let (sum, overflow) = before.addingReportingOverflow(line.quantity)
            quantities[article] = overflow ? .max : sum
        }
        return articles.map { Demand(article: $0, quantity: quantities[$0] ?? 0) }
    }
}
