import Martlet
import MartletJSON

/// A process manager that looks after each input whether its state comes back from its JSON.
struct KeptProcess<P: ProcessManager>: ProcessManager {
    typealias Input = P.Input

    static var name: String { P.name }
    static var history: StateHistory<Input> { P.history }

    private var process = P()

    init() {}

    init(from decoder: any Decoder) throws { process = try P(from: decoder) }

    func encode(to encoder: any Encoder) throws { try process.encode(to: encoder) }

    var phase: String { process.phase }

    /// What is lost of a state on its way to the database and back.
    struct Loss: Error, CustomStringConvertible {
        let expected: String
        let found: String

        var description: String {
            """
            the stored state would not come back as it was
            expected: \(expected)
            found:    \(found)
            """
        }
    }

    /// - Throws: what the process throws, and ``Loss``.
    mutating func react(to input: Input) throws -> [Effect] {
        let effects = try process.react(to: input)
        let back = try PayloadDecoder().decode(P.self, from: try PayloadEncoder().encode(process))
        guard areAlike(process, back) else { throw Loss(expected: "\(process)", found: "\(back)") }
        return effects
    }
}
