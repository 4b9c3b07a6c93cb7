import Foundation
import Martlet

/// What tells one program's tallies from another's.
protocol TallyProgram: Sendable {
    static var version: Int { get }
    static var policy: SnapshotPolicy { get }
}

/// The tests' aggregate with snapshots, as several programs know it.
struct Tally<Program: TallyProgram>: Snapshotting, Equatable {
    static var category: String { "tally" }
    static var snapshotVersion: Int { Program.version }
    static var snapshotPolicy: SnapshotPolicy { Program.policy }

    enum Command: Codable {
        case add(Int)
        /// Causes no event when the sum is as large already.
        case raise(to: Int)
        case reset
        case note(Date)
        case require(Int)
    }
    enum Event: EventPayload {
        case added(Int)
        case reset
        case noted(at: Date)
    }
    struct TooSmall: Error, Codable, Equatable { var sum: Int }

    private(set) var sum = 0
    private(set) var last: Date?

    func decide(_ command: Command) throws(TooSmall) -> [Event] {
        switch command {
        case .add(let number): return [.added(number)]
        case .raise(let target): return sum < target ? [.added(target - sum)] : []
        case .reset: return [.reset]
        case .note(let date): return [.noted(at: date)]
        case .require(let least):
            guard sum >= least else { throw TooSmall(sum: sum) }
            return []
        }
    }

    mutating func apply(_ event: Event) {
        switch event {
        case .added(let number): sum += number
        case .reset: sum = 0
        case .noted(let date): last = date
        }
    }
}

enum EveryTen: TallyProgram {
    static let version = 1
    static let policy = SnapshotPolicy.every(events: 10)
}

enum EveryEvent: TallyProgram {
    static let version = 1
    static let policy = SnapshotPolicy.every(events: 1)
}

enum EveryHundredBytes: TallyProgram {
    static let version = 1
    static let policy = SnapshotPolicy.every(bytes: 100)
}

/// Of the next version.
enum EveryTenOfTwo: TallyProgram {
    static let version = 2
    static let policy = SnapshotPolicy.every(events: 10)
}
