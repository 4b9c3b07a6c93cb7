import FoundationEssentials
import Martlet
import Synchronization

/// What an errand is to do next: the inputs say it themselves, so that a test can have any process that there can be.
enum Wish: Codable, Hashable, Sendable {
    case send(String, undo: Undo?)
    case call(String, undo: Undo?)
    /// A command that is refused.
    case offer(String, undo: Undo?)
    case startTimer(String)
    case cancelTimer(String)
    case leaveDone(String)
    case onCompensation(String)
    case complete
    case compensate
    /// Throws for as long as this stone lies there.
    case stumble(over: String)

    enum Undo: Codable, Hashable, Sendable {
        case command
        /// To another aggregate than what it undoes.
        case elsewhere
        case call
    }
}

/// Gives errands out, and takes their commands.
struct Desk: Aggregate {
    static let category = "desk"
    enum Command: Codable, Hashable {
        case ask([Wish])
        case tell([Wish])
        case take(String)
        case refuse([Wish])
    }
    enum Event: EventPayload, Hashable {
        case asked([Wish])
        case told([Wish])
        case took(String)
    }
    struct Rejection: Error, Codable, Hashable { var wishes: [Wish] = [] }

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .ask(let wishes): return [.asked(wishes)]
        case .tell(let wishes): return [.told(wishes)]
        case .take(let step): return [.took(step)]
        case .refuse(let wishes): throw Rejection(wishes: wishes)
        }
    }

    mutating func apply(_: Event) {}
}

/// Answers with what it is told to answer.
struct Oracle: ActivityProvider {
    static let name = "oracle"
    struct Request: Codable, Hashable, Sendable { var step: String }
    struct Answer: Codable, Hashable, Sendable { var wishes: [Wish] = [] }

    func perform(_: Request, key _: IdempotencyKey) async throws -> Answer { Answer() }
}

/// Stones over which errands stumble, told apart by names that tests choose.
enum Stones {
    private static let lying = Mutex<Set<String>>([])

    static func lay(_ stone: String) { lying.withLock { _ = $0.insert(stone) } }
    static func remove(_ stone: String) { lying.withLock { _ = $0.remove(stone) } }
    static func lies(_ stone: String) -> Bool { lying.withLock { $0.contains(stone) } }
}

struct Stumbled: Error {}

struct Errand: ProcessManager {
    static let name = "errand"
    static let partitions = 2
    static let onFailure = FailurePolicy.park(after: 2)

    enum Input: ProcessInput {
        case desk(Recorded<Desk>)
        case refused(Refusal<Desk>)
        case answered(Answer<Oracle>)
        case due(Due)

        static let sources: [InputSource<Self>] = [
            .events(Self.desk, starting: { if case .asked = $0.event { true } else { false } }),
            .refusals(Self.refused), .answers(Self.answered), .timers(Self.due),
        ]
    }

    /// What it has taken, in order.
    var inputs: [String] = []
    var phase: String { "\(inputs.count)" }

    mutating func react(to input: Input) throws -> [Effect] {
        switch input {
        case .desk(let recorded):
            switch recorded.event {
            case .asked(let wishes), .told(let wishes):
                inputs.append("asked")
                return try wishes.flatMap { try $0.effects() }
            case .took(let step):
                inputs.append("took \(step)")
                return []
            }
        case .refused(let refusal):
            inputs.append("\(refusal.step) refused")
            return try refusal.rejection.wishes.flatMap { try $0.effects() }
        case .answered(let answer):
            inputs.append("\(answer.step) answered")
            guard case .answered(let words) = answer.outcome else { return [] }
            return try words.wishes.flatMap { try $0.effects() }
        case .due(let due):
            inputs.append("\(due.timer) due")
            return []
        }
    }
}

extension Wish {
    func effects() throws -> [Effect] {
        switch self {
        case .send(let step, let undo):
            [.send(.take(step), to: Desk.ID("shelf"), as: Step(rawValue: step), undo: undo?.effect(of: step))]
        case .offer(let step, let undo):
            [.send(.refuse([]), to: Desk.ID("shelf"), as: Step(rawValue: step), undo: undo?.effect(of: step))]
        case .call(let step, let undo):
            [.call(Oracle.self, .init(step: step), as: Step(rawValue: step), undo: undo?.effect(of: step))]
        case .startTimer(let name): [.startTimer(TimerName(rawValue: name), after: .seconds(3600))]
        case .cancelTimer(let name): [.cancelTimer(TimerName(rawValue: name))]
        case .leaveDone(let step): [.leaveDone(Step(rawValue: step))]
        case .onCompensation(let step): [.onCompensation(Undo.command.effect(of: step))]
        case .complete: [.complete]
        case .compensate: [.compensate(because: "wished")]
        case .stumble(let stone): if Stones.lies(stone) { throw Stumbled() } else { [] }
        }
    }
}

extension Wish.Undo {
    fileprivate func effect(of step: String) -> Effect {
        let undo = Step(rawValue: "undo \(step)")
        return switch self {
        case .command: .send(Desk.Command.take(undo.rawValue), to: Desk.ID("shelf"), as: undo)
        case .elsewhere: .send(Desk.Command.take(undo.rawValue), to: Desk.ID("cellar"), as: undo)
        case .call: .call(Oracle.self, .init(step: undo.rawValue), as: undo)
        }
    }
}
