/// What an instance has asked for, as its history tells it.
public struct RecordedEffect: Codable, Hashable, Sendable {
    public enum Kind: String, Codable, Sendable {
        case command = "command"
        case call = "call"
        case undoCommand = "undo command"
        case undoCall = "undo call"
        case retry = "retry"
        case timer = "timer"
        case cancelTimer = "cancel timer"
        case end = "end"
    }

    public let kind: Kind
    /// The step's name, the timer's, or the status in which the instance has ended.
    public let name: String
    /// The stream's name, or the provider's.
    public let target: String?
    public let number: Int?

    /// Nil for what only says that something has arrived.
    init?(_ change: Reaction.Change) {
        switch change {
        case .issued(let effect):
            switch (effect.outgoing.kind, effect.isUndo) {
            case (.command, false): kind = .command
            case (.call, false): kind = .call
            case (.command, true): kind = .undoCommand
            case (.call, true): kind = .undoCall
            }
            (name, target, number) = (effect.outgoing.step.rawValue, effect.outgoing.target, effect.number)
        case .reissued(let number): (kind, name, target, self.number) = (.retry, "retry", nil, number)
        case .startedTimer(let timer, let number, _):
            (kind, name, target, self.number) = (.timer, timer.rawValue, nil, number)
        case .endedTimer(let timer): (kind, name, target, number) = (.cancelTimer, timer.rawValue, nil, nil)
        case .closed(let status): (kind, name, target, number) = (.end, status.rawValue, nil, nil)
        case .ended: return nil
        }
    }
}
