extension Effect: CustomStringConvertible {
    /// What is asked for, in the words of an operator; commands and requests as JSON.
    public var description: String {
        let undoing = undo.map { ", undone by: \($0)" } ?? ""
        return switch action {
        case .issue(let outgoing): "\(outgoing)\(undoing)"
        case .startTimer(let timer, .after(let delay)): "start timer \"\(timer)\", due after \(delay)"
        case .startTimer(let timer, .at(let moment)): "start timer \"\(timer)\", due at \(moment)"
        case .cancelTimer(let timer): "cancel timer \"\(timer)\""
        case .leaveDone(let step): "leave \"\(step)\" done"
        case .prepareUndo: "on compensation: \(undo.map { "\($0)" } ?? "nothing")"
        case .complete: "complete"
        case .compensate(let reason): "compensate, because: \(reason)"
        }
    }
}

extension Outgoing: CustomStringConvertible {
    package var description: String {
        let content = flaw.map { "what cannot be encoded (\($0))" } ?? body
        return switch kind {
        case .command: "send \(content) to \"\(target)\" as \"\(step)\""
        case .call: "call \"\(target)\" with \(content) as \"\(step)\""
        }
    }
}
