import Martlet

/// Moves money that one account has sent: has it examined, delivers it, has it settled; or takes all of that back.
struct Transfers: ProcessManager {
    static let name = "transfer"
    static let partitions = 4
    static let begins = ProcessBeginning.atFirstEvent

    enum Input: ProcessInput {
        case account(Recorded<Account>)
        case refused(Refusal<Account>)
        case examined(Answer<Examiner>)
        case settled(Answer<Clerk>)
        case due(Due)

        static let sources: [InputSource<Self>] = [
            .events(
                Self.account,
                of: { recorded in
                    switch recorded.event {
                    case .sent(_, _, let transfer), .received(_, let transfer): transfer
                    case .opened, .closed, .tookBack, .gaveBack: nil
                    }
                },
                starting: { if case .sent = $0.event { true } else { false } }),
            .refusals(Self.refused), .answers(Self.examined), .answers(Self.settled), .timers(Self.due),
        ]
    }

    var phase = "sent"
    private var transfer = ""
    private var cents = 0
    private var recipient: Account.ID?

    mutating func react(to input: Input) -> [Effect] {
        switch input {
        case .account(let recorded): return react(to: recorded)
        case .examined(let answer):
            guard case .answered(.clear) = answer.outcome, let recipient else {
                return [.compensate(because: "\(answer.outcome)")]
            }
            phase = "delivering"
            // Some have so little time that the command is on its way, or refused, when it is taken back.
            let time: Duration = lot(transfer, "hurry") < 30 ? .milliseconds(lot(transfer, "time")) : .seconds(20)
            return [
                .cancelTimer("examination"), .startTimer("delivery", after: time),
                .send(
                    .receive(cents: cents, transfer: transfer), to: recipient, as: "deliver",
                    undo: .send(.takeBack(cents: cents, transfer: transfer), to: recipient, as: "takeBack")),
            ]
        case .settled(let answer):
            guard case .answered(.done) = answer.outcome else {
                return [.compensate(because: "\(answer.outcome)")]
            }
            phase = "settled"
            return [.complete]
        case .refused: return [.compensate(because: "the recipient's account is closed")]
        case .due(let due): return [.compensate(because: "\(due.timer) took too long")]
        }
    }

    private mutating func react(to recorded: Recorded<Account>) -> [Effect] {
        switch recorded.event {
        case .sent(let cents, let recipient, let transfer):
            (self.cents, self.recipient, self.transfer, phase) = (cents, recipient, transfer, "examining")
            return [
                .onCompensation(
                    .send(.giveBack(cents: cents, transfer: transfer), to: recorded.stream, as: "giveBack")),
                .call(
                    Examiner.self, transfer, as: "examine",
                    undo: .call(Clerk.self, .init(kind: "forget", transfer: transfer), as: "forget")),
                .startTimer("examination", after: .milliseconds(1500)),
            ]
        case .received:
            phase = "settling"
            return [
                .startTimer("delivery", after: .seconds(20)),
                .call(
                    Clerk.self, .init(kind: "settle", transfer: transfer), as: "settle",
                    undo: .call(Clerk.self, .init(kind: "reverse", transfer: transfer), as: "reverse")),
            ]
        case .opened, .closed, .tookBack, .gaveBack: return []
        }
    }
}
