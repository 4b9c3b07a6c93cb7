#if canImport(Testing)
public import Martlet
public import Testing

extension GivenProcess {
    /// Expects that the instance is compensated by just these steps, in this order, each of which works.
    ///
    /// ```swift
    /// .when(.refused(Account.self, .closed, of: "deliver"))
    /// .thenUndoes(["release", "give back"])
    /// ```
    /// - Parameter failing: one that does not work, behind the others: it waits for an operator, and the instance with
    ///   it. The story goes on with ``CameIn/skipped(_:because:)``, or with this again when it works at last.
    @discardableResult
    public func thenUndoes(
        _ expected: [Step], failing: Step? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) -> GivenProcess {
        recordProblem(at: sourceLocation)
        var later = self
        var found: [String] = []
        do { found = try later.undo(until: failing) } catch { record("\(error)", at: sourceLocation) }
        let end: InstanceStatus = failing == nil ? .compensated : .compensating
        let wanted =
            expected.map { "\"\($0)\" is done" } + (failing.map { ["\"\($0)\" fails"] } ?? []) + [end.told]
        if wanted != found { recordDifference(wanted, found, at: sourceLocation) }
        return later
    }

    /// Lets one undo after the other work; says how it went, line by line.
    private mutating func undo(until failing: Step?) throws -> [String] {
        var lines: [String] = []
        while let effect = story.undoing {
            let step = effect.outgoing.step
            guard step != failing else {
                lines.append("\"\(step)\" fails")
                break
            }
            switch effect.outgoing.kind {
            case .command: try story.append(.delivered(effect.reference))
            // Nobody reads what the answer is, once the provider has said that it is a good one.
            case .call: try story.append(.answered(effect.reference, answer: "null"))
            }
            lines.append("\"\(step)\" is done")
        }
        return lines + [status]
    }
}
#endif
