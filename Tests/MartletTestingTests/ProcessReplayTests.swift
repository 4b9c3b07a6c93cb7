import Foundation
import Martlet
import MartletTesting
import Synchronization
import Testing

struct ProcessReplayTests {
    private func issue<P: ProcessManager>(_: P.Type) async throws -> String? where P.Input == TripInput {
        let found = try await issues {
            GivenProcess(P.self, .on(Trip.ID("blue"), .wanted(nights: 3), .canceled)).checkReplay()
        }
        #expect(found.count <= 1)
        return found.first?.text
    }

    @Test func `a state beside the stored one is found out`() async throws {
        #expect(
            try await issue(Counting.self) == """
                Counting: expected the same of input 1 (trip.wanted) however it comes in, found:
                all inputs, one after the other:
                  compensate, because: 2
                inputs 1 to 1, from nothing:
                  compensate, because: 4
                """)
    }

    @Test func `a clock is found out by the state that it leads to`() async throws {
        let text = try await issue(Dating.self)
        #expect(text?.contains("expected the same of input 1 (trip.wanted) however it comes in") == true)
        #expect(text?.contains("with state {\"at\":") == true)
    }

    @Test func `chance is found out by what is asked for`() async throws {
        #expect(try await issue(Dicing.self)?.contains("start timer \"patience\", due after") == true)
    }

    @Test func `a property that is not stored is found out`() async throws {
        #expect(
            try await issue(Forgetting.self) == """
                Forgetting, input 1, the stored state would not come back as it was
                expected: Forgetting(nights: 3, rooms: 1)
                found:    Forgetting(nights: 3, rooms: 0)
                """)
    }

    @Test func `a state that cannot be read, and a process that cannot react, are found out`() async throws {
        #expect(try await issue(Scrambling.self)?.hasPrefix("Scrambling cannot react to trip.canceled: ") == true)
    }

    @Test func `sets, dictionaries and times are no matter`() async throws {
        #expect(try await issue(Collecting.self) == nil)
    }
}

private struct Counting: ProcessManager {
    static let name = "trips"
    private static let count = Mutex(0)

    mutating func react(to input: TripInput) -> [Effect] {
        let count = Self.count.withLock { count in
            count += 1
            return count
        }
        return [.compensate(because: "\(count)")]
    }
}

private struct Dating: ProcessManager {
    static let name = "trips"
    var at: Date?
    mutating func react(to input: TripInput) -> [Effect] {
        at = Date()
        return []
    }
}

private struct Dicing: ProcessManager {
    static let name = "trips"
    mutating func react(to input: TripInput) -> [Effect] {
        [.startTimer("patience", after: .milliseconds(.random(in: 0...1_000_000_000)))]
    }
}

private struct Forgetting: ProcessManager {
    static let name = "trips"
    var nights = 0
    var rooms = 0
    enum CodingKeys: CodingKey { case nights }

    mutating func react(to input: TripInput) -> [Effect] {
        if case .trip(let recorded) = input, case .wanted(let nights) = recorded.event {
            (self.nights, rooms) = (nights, 1)
        }
        return []
    }
}

/// Reads its state otherwise than it writes it.
private struct Scrambling: ProcessManager {
    static let name = "trips"
    var nights: Int? = 0
    init() {}
    init(from decoder: any Decoder) throws {
        guard try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Int.self, forKey: .nights) == 0 else {
            throw CocoaError(.coderInvalidValue)
        }
    }
    mutating func react(to input: TripInput) -> [Effect] {
        nights = 1
        return []
    }
}

private struct Collecting: ProcessManager {
    static let name = "trips"
    struct Guest: Hashable, Codable { var name: String }
    /// Neither the struct nor this is `Equatable` in the eyes of the compiler.
    struct Room: Codable { var guests: Set<Guest> = [] }
    var room = Room()
    var keys: [Guest: Int] = [:]
    var at: Date?

    mutating func react(to input: TripInput) -> [Effect] {
        guard case .trip(let recorded) = input else { return [] }
        for index in 0..<50 { room.guests.insert(Guest(name: "\(index)")) }
        for index in 0..<50 { keys[Guest(name: "\(index)")] = index }
        at = recorded.recordedAt.addingTimeInterval(0.123_456_78)
        return []
    }
}
