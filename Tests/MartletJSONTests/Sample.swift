import Foundation

/// An event as applications write them.
enum Sample: Codable, Equatable, Sendable {
    struct Details: Codable, Equatable, Sendable {
        var customer: String
        var lines: [String: Int]
        var note: String?
    }
    struct Sparse: Codable, Equatable, Sendable {
        var first: Int?
        var second: String?
        var note: String?
    }

    case opened
    case received(cents: Int, from: String?)
    case placed(Details)
    case thin(Sparse)
    case maybe(Sparse?)
    case annotated(Sparse?, note: String?)
    case pair(Sparse, Sparse)
    case table([String: [Int]])
    case list([Int])
    case wrapped(Inner)
    case labelled(_1: Sparse)
    case at(UUID, Date)

    indirect enum Inner: Codable, Equatable, Sendable {
        case leaf(Sparse)
        case node(Inner, Inner)
        case deeper(Inner)
    }

    static func random(using generator: inout SplitMix64) -> Sample {
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: .opened
        case 1: .received(cents: Int(AnyJSON.randomInteger(using: &generator)), from: text(using: &generator))
        case 2:
            .placed(
                Details(
                    customer: AnyJSON.randomString(using: &generator), lines: table(using: &generator),
                    note: text(using: &generator)))
        case 3: .thin(sparse(using: &generator))
        case 4: .maybe(generator.chance(1, in: 3) ? nil : sparse(using: &generator))
        case 5: .annotated(generator.chance(1, in: 2) ? nil : sparse(using: &generator), note: text(using: &generator))
        case 6: .pair(sparse(using: &generator), sparse(using: &generator))
        case 7: .table(table(using: &generator).mapValues { [$0] })
        case 8: .list([1, 2])
        case 9: .wrapped(inner(depth: 3, using: &generator))
        case 10: .labelled(_1: sparse(using: &generator))
        default:
            .at(UUID(), Date(timeIntervalSinceReferenceDate: Double(Int.random(in: 0...99_999, using: &generator)) / 8))
        }
    }

    private static func text(using generator: inout SplitMix64) -> String? {
        generator.chance(1, in: 2) ? nil : AnyJSON.randomString(using: &generator)
    }

    private static func sparse(using generator: inout SplitMix64) -> Sparse {
        Sparse(
            first: generator.chance(1, in: 2) ? nil : 7, second: text(using: &generator), note: text(using: &generator))
    }

    private static func table(using generator: inout SplitMix64) -> [String: Int] {
        let keys = ["_0", "_1", "note", "first", "a"].filter { _ in generator.chance(1, in: 3) }
        return Dictionary(uniqueKeysWithValues: keys.map { ($0, $0.count) })
    }

    private static func inner(depth: Int, using generator: inout SplitMix64) -> Inner {
        switch depth == 0 ? 0 : Int.random(in: 0..<3, using: &generator) {
        case 0: .leaf(sparse(using: &generator))
        case 1: .node(inner(depth: depth - 1, using: &generator), inner(depth: depth - 1, using: &generator))
        default: .deeper(inner(depth: depth - 1, using: &generator))
        }
    }
}
