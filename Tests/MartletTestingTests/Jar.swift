import Foundation
import Martlet

/// A jar of cookies, the tests' aggregate.
struct Jar: Aggregate {
    static let category = "jar"

    enum Command: Codable {
        case fill(count: Int)
        case take(count: Int)
        case lookAway
    }
    enum Event: EventPayload, Equatable {
        case filled(count: Int)
        case taken(count: Int)
    }
    enum Rejection: Error, Codable, Equatable { case tooFew(missing: Int) }

    var count = 0

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .fill(let count): return [.filled(count: count)]
        case .take(let wanted):
            guard count >= wanted else { throw .tooFew(missing: wanted - count) }
            return (0..<wanted).map { _ in .taken(count: 1) }
        case .lookAway: return []
        }
    }

    mutating func apply(_ event: Event) {
        switch event {
        case .filled(let added): count += added
        case .taken(let taken): count -= taken
        }
    }
}
