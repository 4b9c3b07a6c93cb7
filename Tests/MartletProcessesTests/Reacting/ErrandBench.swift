import FoundationEssentials
import Martlet
import MartletJSON

@testable import MartletProcesses

/// One errand, moved by hand.
struct ErrandBench {
    var reactor = Reactor(Errand.self)
    var instance: Instance?

    init(_ wishes: Wish...) throws { try ask(wishes) }
    init() {}

    @discardableResult
    mutating func ask(_ wishes: [Wish]) throws -> Reaction { try take(.asked(wishes), isStart: true) }

    @discardableResult
    mutating func tell(_ wishes: Wish...) throws -> Reaction { try take(.told(wishes), isStart: false) }

    @discardableResult
    mutating func journal(_ event: JournalEvent) throws -> Reaction {
        try reactor.take(event, at: .distantPast, &instance)
    }

    @discardableResult
    mutating func answer(_ number: Int, _ wishes: Wish...) throws -> Reaction {
        try journal(.answered(Self.call(number), answer: Self.json(Oracle.Answer(wishes: wishes))))
    }

    @discardableResult
    mutating func refuse(_ number: Int, _ wishes: Wish...) throws -> Reaction {
        try journal(.refused(Self.command(number), rejection: Self.json(Desk.Rejection(wishes: wishes))))
    }

    @discardableResult
    mutating func due(_ timer: String, _ number: Int) throws -> Reaction {
        try journal(.timerDue(timer: TimerName(rawValue: timer), number: number, at: .distantPast))
    }

    mutating func take(_ event: Desk.Event, isStart: Bool) throws -> Reaction {
        let recorded = Recorded<Desk>(
            id: UUID(), stream: "1", version: 1, position: 1, recordedAt: .distantPast, metadata: .none, event: event)
        return try reactor.take(
            CorrelatedInput(input: .desk(recorded), instance: "1", isStart: isStart), at: .distantPast, &instance)
    }

    static func command(_ number: Int) -> EffectReference {
        EffectReference(number: number, round: 1, step: "a", target: "desk-shelf")
    }

    static func call(_ number: Int) -> EffectReference {
        EffectReference(number: number, round: 1, step: "a", target: Oracle.name)
    }

    static func json(_ value: some Encodable) throws -> String {
        String(decoding: try PayloadEncoder().encode(value), as: UTF8.self)
    }

    var status: InstanceStatus? { instance?.status }
    var undoing: Int? { instance?.book.undoing }
}

extension Reaction {
    /// What was issued, as `number step`.
    var issued: [String] {
        changes.compactMap { change in
            if case .issued(let effect) = change { "\(effect.number) \(effect.outgoing.step)" } else { nil }
        }
    }

    var ended: [Int] {
        changes.compactMap { if case .ended(let number) = $0 { number } else { nil } }
    }
}
