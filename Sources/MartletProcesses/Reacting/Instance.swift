import MartletDomain

/// Where an instance stands, in the one word of its life.
public enum InstanceStatus: String, Codable, CaseIterable, Hashable, Sendable {
    case running = "running"
    /// What it has done is being undone.
    case compensating = "compensating"
    /// It has ended well.
    case completed = "completed"
    /// It has ended, and what it had done is undone.
    case compensated = "compensated"

    public var isEnd: Bool { self == .completed || self == .compensated }
}

/// One instance of a process manager: the process's own state, and what Martlet keeps beside it.
package struct Instance: Hashable, Sendable {
    package var status = InstanceStatus.running
    /// Why it is or was compensated.
    package var reason: String?
    package var phase = ""
    /// JSON, as this version of the process manager writes it.
    package var state: [UInt8]
    package var stateVersion: Int
    package var book = Book()
}

/// What Martlet keeps of an instance to know which inputs still mean something.
package struct Book: Hashable, Codable, Sendable {
    /// How many effects and timers were numbered.
    package var count = 0
    /// The calls that have no answer yet.
    package var calls: [Int] = []
    /// The commands that are known to have come to nothing: refused, or skipped by an operator.
    package var void: [Int] = []
    /// The timers that run, by name.
    package var timers: [String: Int] = [:]
    /// What undoes the steps so far, the latest last.
    package var undo: [Undo] = []
    /// The undo that is under way.
    package var undoing: Int?
    /// The first of what is sent once all is undone; nil before.
    package var lastWords: Int?

    package struct Undo: Hashable, Codable, Sendable {
        /// The effect that it undoes; nil for one that undoes nothing the process itself has done.
        package let number: Int?
        /// What that effect is.
        package let kind: Outgoing.Kind?
        package let step: Step?
        package let outgoing: Outgoing
    }

    func hasIssued(_ number: Int) -> Bool { number >= 1 && number <= count }

    /// A command has had no effect, and will have none, so it needs no undoing.
    mutating func cameToNothing(_ number: Int) {
        if !void.contains(number) { void.append(number) }
        undo.removeAll { $0.number == number && $0.kind == .command }
    }

    mutating func nextNumber() -> Int {
        count += 1
        return count
    }
}
