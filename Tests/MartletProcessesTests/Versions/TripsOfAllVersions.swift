import Martlet

/// What comes in to trips, in all their versions.
enum TripInput: ProcessInput {
    case desk(Recorded<Desk>)
    case refused(Refusal<Desk>)

    static let sources: [InputSource<Self>] = [
        .events(Self.desk, starting: { if case .asked = $0.event { true } else { false } }), .refusals(Self.refused),
    ]

    func effects() throws -> [Effect] {
        switch self {
        case .desk(let recorded):
            switch recorded.event {
            case .asked(let wishes), .told(let wishes): try wishes.flatMap { try $0.effects() }
            case .took: []
            }
        case .refused: []
        }
    }
}

/// Version 1.
struct TripOnFoot: ProcessManager {
    static let name = "trip"
    static let begins = ProcessBeginning.atFirstEvent
    var walked = 0
    var phase: String { "on foot" }

    mutating func react(to input: TripInput) throws -> [Effect] {
        walked += 1
        return try input.effects()
    }
}

/// Version 2.
struct TripByBicycle: ProcessManager {
    static let name = "trip"
    static let begins = ProcessBeginning.atFirstEvent
    static let history: StateHistory<TripInput> = [.upcast { $0["cycled"] = $0["walked"] }]
    var cycled = 0
    var phase: String { "by bicycle" }

    mutating func react(to input: TripInput) throws -> [Effect] {
        cycled += 1
        return try input.effects()
    }
}

/// Version 3, to which all others are brought.
struct TripByTrain: ProcessManager {
    static let name = "trip"
    static let history: StateHistory<TripInput> = [
        .upcast { $0["cycled"] = $0["walked"] },
        .upcast { $0["ridden"] = $0["cycled"] },
    ]
    var ridden = 0
    var phase: String { "by train" }

    mutating func react(to input: TripInput) throws -> [Effect] {
        ridden += 1
        return try input.effects()
    }
}

/// Version 3, too: who went on foot goes on on foot.
struct TripOfChoice: ProcessManager {
    static let name = "trip"
    static let history: StateHistory<TripInput> = [
        .pinned(to: TripOnFoot.self), .upcast { $0["ridden"] = $0["cycled"] },
    ]
    var ridden = 0
    var phase: String { "by train" }

    mutating func react(to input: TripInput) throws -> [Effect] {
        ridden += 1
        return try input.effects()
    }
}

/// Version 2, whose bicycle is broken.
struct TripByBrokenBicycle: ProcessManager {
    static let name = "trip"
    static let history: StateHistory<TripInput> = [.upcast { _ in throw Stumbled() }]
    var cycled = 0

    mutating func react(to input: TripInput) throws -> [Effect] {
        cycled += 1
        return try input.effects()
    }
}
