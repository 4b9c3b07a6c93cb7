import Martlet

/// What somebody is about to buy: commands with dictionaries, without events and with rejections.
struct Basket: Aggregate {
    static let category = "basket"

    enum Command: Encodable {
        case put([String: Int])
        /// Causes nothing.
        case look
        case order
    }
    enum Event: EventPayload, Equatable { case filled([String: Int]) }
    enum Rejection: Error, Codable, Equatable { case empty(looks: Int) }

    var contents: [String: Int] = [:]

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .put(let goods): return [.filled(goods)]
        case .look: return []
        case .order:
            guard !contents.isEmpty else { throw .empty(looks: 0) }
            return []
        }
    }

    mutating func apply(_ event: Event) {
        switch event {
        case .filled(let goods): contents.merge(goods, uniquingKeysWith: +)
        }
    }
}
