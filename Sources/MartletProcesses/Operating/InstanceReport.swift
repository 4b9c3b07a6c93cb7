public import FoundationEssentials
public import MartletDomain

/// Where one instance stands and what it waits for: the answer to "why is order 42 stuck".
public struct InstanceReport: Sendable {
    public let process: String
    public let key: String
    /// Nil where there is no instance, since the input that was to start it is parked.
    public let life: Life?
    /// What has not arrived yet, in the order in which it was asked for.
    public let effects: [OutstandingEffect]
    /// The next first.
    public let timers: [RunningTimer]
    /// The inputs to which the process could not react, and what waits behind them; nil when there are none.
    public let parkedInput: ParkedInput?
    /// By the database's clock, as are all times.
    public let askedAt: Date
    let patience: Duration

    /// What an instance has come to.
    public struct Life: Hashable, Sendable, Encodable {
        public let status: InstanceStatus
        public let phase: String
        /// Why it is or was compensated.
        public let reason: String?
        public let startedAt: Date
        /// When it last had an input.
        public let changedAt: Date
        public let endedAt: Date?
        /// Of its last input.
        public let position: GlobalPosition
        /// The version of the process manager that its state is of.
        public let stateVersion: Int
        /// As it is stored: JSON, with whatever it says of people.
        public let state: String
    }

    /// A command or a call that has not arrived, or has no answer yet.
    public struct OutstandingEffect: Hashable, Sendable, Encodable {
        /// Counts the instance's effects and timers, from 1.
        public let number: Int
        /// One more than how often an operator has had it asked anew.
        public let round: Int
        public let step: Step
        public let kind: RecordedEffect.Kind
        /// The stream's name, or the provider's.
        public let target: String
        public let issuedAt: Date
        /// How often it was tried, as far as that is written down: the first try is once it has failed.
        public let attempts: Int
        public let nextTryAt: Date?
        /// Why the last try failed.
        public let problem: String?
        /// When it was given up, and was left to an operator; nil while it is tried.
        public let parkedAt: Date?
    }

    public struct RunningTimer: Hashable, Sendable, Encodable {
        public let timer: TimerName
        public let number: Int
        public let startedAt: Date
        public let dueAt: Date
        /// When that it was due was appended to the log; the instance has yet to take it.
        public let firedAt: Date?
    }

    public struct ParkedInput: Hashable, Sendable, Encodable {
        /// How many inputs are parked, with the first.
        public let count: Int
        /// Of the first, as are all that follow.
        public let position: GlobalPosition
        public let stream: String
        public let type: String
        public let parkedAt: Date
        public let attempts: Int
        /// Nil when it only waited behind one that an operator has dealt with since.
        public let problem: String?
    }

    /// Why it does not go on by itself; nil when it does, or has ended.
    public enum Trouble: String, Hashable, Sendable, Encodable {
        /// An input to which the process could not react waits for an operator.
        case parkedInput = "parked input"
        /// A step that was given up waits for an operator.
        case parkedStep = "parked step"
        /// A step has been tried for longer than the process's patience.
        case slowStep = "slow step"
        /// It has waited for nothing but an event for longer than the process's patience.
        case silence = "silence"
    }

    public var trouble: Trouble? {
        if parkedInput != nil { return .parkedInput }
        if effects.contains(where: { $0.parkedAt != nil }) { return .parkedStep }
        let before = askedAt.addingTimeInterval(-(patience / .seconds(1)))
        if effects.contains(where: { $0.issuedAt < before }) { return .slowStep }
        guard effects.isEmpty, timers.isEmpty, let life, life.status == .running else { return nil }
        return life.changedAt < before ? .silence : nil
    }
}

extension InstanceReport: Encodable {
    private enum CodingKeys: String, CodingKey {
        case process, key, instance, effects, timers, parkedInput, trouble, waits, askedAt
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(process, forKey: .process)
        try object.encode(key, forKey: .key)
        try object.encode(life, forKey: .instance)
        try object.encode(effects, forKey: .effects)
        try object.encode(timers, forKey: .timers)
        try object.encode(parkedInput, forKey: .parkedInput)
        try object.encode(trouble, forKey: .trouble)
        try object.encode(waits, forKey: .waits)
        try object.encode(askedAt, forKey: .askedAt)
    }
}
