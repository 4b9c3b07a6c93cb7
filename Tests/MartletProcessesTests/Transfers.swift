import FoundationEssentials
import Martlet
import Synchronization

/// An account between which transfers move money; it refuses what it does not have.
struct Account: Aggregate {
    static let category = "account"

    enum Command: Codable {
        case open(cents: Int)
        case send(cents: Int, to: Account.ID, transfer: String)
        case receive(cents: Int, transfer: String)
        case takeBack(cents: Int, transfer: String)
        case close
    }
    enum Event: EventPayload, Equatable {
        case opened(cents: Int)
        case sent(cents: Int, to: Account.ID, transfer: String)
        case received(cents: Int, transfer: String)
        case tookBack(cents: Int, transfer: String)
        case closed
    }
    enum Rejection: Error, Codable, Equatable { case insufficientFunds, closed }

    var balance = 0
    var isClosed = false

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .open(let cents): return [.opened(cents: cents)]
        case .send(let cents, let recipient, let transfer):
            guard balance >= cents else { throw .insufficientFunds }
            return [.sent(cents: cents, to: recipient, transfer: transfer)]
        case .receive(let cents, let transfer):
            guard !isClosed else { throw .closed }
            return [.received(cents: cents, transfer: transfer)]
        case .takeBack(let cents, let transfer): return [.tookBack(cents: cents, transfer: transfer)]
        case .close: return [.closed]
        }
    }

    mutating func apply(_ event: Event) {
        switch event {
        case .opened(let cents), .received(let cents, _), .tookBack(let cents, _): balance += cents
        case .sent(let cents, _, _): balance -= cents
        case .closed: isClosed = true
        }
    }
}

/// Says whether a transfer may be: yes, no, or nothing.
final class Examiner: ActivityProvider {
    static let name = "examiner"

    enum Request: Codable, Equatable { case examine(transfer: String, cents: Int) }
    enum Answer: Codable, Equatable { case clear, suspicious }

    let policy: CallPolicy
    let calls = Mutex<[IdempotencyKey]>([])
    private let answer: @Sendable (Request, Int) async throws -> Answer

    init(
        policy: CallPolicy = CallPolicy(timeout: .seconds(1), attempts: 3, pause: .milliseconds(10)),
        _ answer: @escaping @Sendable (Request, Int) async throws -> Answer = { _, _ in .clear }
    ) {
        (self.policy, self.answer) = (policy, answer)
    }

    func perform(_ request: Request, key: IdempotencyKey) async throws -> Answer {
        let count = calls.withLock { calls in
            calls.append(key)
            return calls.count
        }
        return try await answer(request, count)
    }
}

/// Moves money that one account has sent to the other: has it examined, delivers it, or gives it back.
struct Transfers: ProcessManager {
    static let name = "transfer"
    static let partitions = 2

    enum Input: ProcessInput {
        case account(Recorded<Account>)
        case refused(Refusal<Account>)
        case examined(Answer<Examiner>)
        case due(Due)

        static let sources: [InputSource<Self>] = [
            .events(
                Self.account,
                of: { recorded in
                    switch recorded.event {
                    case .sent(_, _, let transfer), .received(_, let transfer): transfer
                    case .opened, .tookBack, .closed: nil
                    }
                },
                starting: { if case .sent = $0.event { true } else { false } }),
            .refusals(Self.refused), .answers(Self.examined), .timers(Self.due),
        ]
    }

    var phase = "sent"
    var cents = 0
    var recipient: Account.ID?

    mutating func react(to input: Input) -> [Effect] {
        switch input {
        case .account(let recorded): return react(to: recorded)
        case .examined(let answer):
            guard case .answered(.clear) = answer.outcome, let recipient else {
                return [.compensate(because: "\(answer.outcome)")]
            }
            phase = "delivering"
            return [
                .cancelTimer("examination"),
                .send(.receive(cents: cents, transfer: transfer), to: recipient, as: "deliver"),
            ]
        case .refused: return [.compensate(because: "the recipient's account is closed")]
        case .due: return [.compensate(because: "not examined in time")]
        }
    }

    private var transfer = ""

    private mutating func react(to recorded: Recorded<Account>) -> [Effect] {
        switch recorded.event {
        case .sent(let cents, let recipient, let transfer):
            (self.cents, self.recipient, self.transfer, phase) = (cents, recipient, transfer, "examining")
            return [
                .onCompensation(
                    .send(.takeBack(cents: cents, transfer: transfer), to: recorded.stream, as: "giveBack")),
                .call(Examiner.self, .examine(transfer: transfer, cents: cents), as: "examine"),
                .startTimer("examination", after: .seconds(30)),
            ]
        case .received: return [.complete]
        case .opened, .tookBack, .closed: return []
        }
    }
}
