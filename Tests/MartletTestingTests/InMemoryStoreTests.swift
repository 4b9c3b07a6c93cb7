import Foundation
import Martlet
import MartletTesting
import Synchronization
import Testing

/// What only the store in memory has: its clock and its faults. The rest is `StoreContract`.
struct InMemoryStoreTests {
    private final class Clock: Sendable {
        private let time = Mutex(Date(timeIntervalSince1970: 1_790_000_000))
        var now: Date {
            get { time.withLock { $0 } }
            set { time.withLock { $0 = newValue } }
        }
    }

    private func recordedTimes(_ store: EventStore) async throws -> [TimeInterval] {
        try await store.readLog().reduce(into: []) { $0.append($1.recordedAt.timeIntervalSince1970) }
    }

    @Test func `the log's time is the clock's, in microseconds, and is not set back with it`() async throws {
        let clock = Clock()
        let store = EventStore.inMemory { clock.now }
        for offset in [0, 1.000_000_2, -60, 0.5, 2] {
            clock.now = Date(timeIntervalSince1970: 1_790_000_000 + offset)
            try await store.execute(.fill(count: 1), on: Jar.ID("1"))
        }
        let times = try await recordedTimes(store)
        #expect(times == [0, 1, 1, 1, 2].map { 1_790_000_000 + $0 })
    }

    @Test func `commands are forgotten by the clock`() async throws {
        let clock = Clock()
        let store = EventStore.inMemory { clock.now }
        try await store.execute(.fill(count: 1), on: Jar.ID("1"), as: "old")
        clock.now += 60
        try await store.execute(.fill(count: 1), on: Jar.ID("1"), as: "young")
        clock.now += 30
        #expect(try await store.forgetCommands(olderThan: .seconds(90)) == 0)
        #expect(try await store.forgetCommands(olderThan: .seconds(89)) == 1)
        #expect(try await store.execute(.fill(count: 1), on: Jar.ID("1"), as: "young").isRepeated)
        #expect(try await !store.execute(.fill(count: 1), on: Jar.ID("1"), as: "old").isRepeated)
    }

    @Test func `a past moment is found to the microsecond`() async throws {
        let clock = Clock()
        let store = EventStore.inMemory { clock.now }
        for _ in 0..<3 {
            try await store.execute(.fill(count: 1), on: Jar.ID("1"))
            clock.now += 0.000_001
        }
        let second = try await store.readLog().reduce(into: []) { $0.append($1.recordedAt) }[1]
        func count(asOf date: Date) async throws -> Int {
            try await store.storage.readStream(Jar.ID("1").name, StreamPage(from: 0, asOf: .date(date))).count
        }
        #expect(try await count(asOf: second) == 2)
        #expect(try await count(asOf: second - 0.000_001) == 1)
        #expect(try await count(asOf: second + 0.000_001) == 3)
    }

    @Test func `copies share a log and stores do not`() async throws {
        let store = EventStore.inMemory()
        let copy = store
        try await store.execute(.fill(count: 1), on: Jar.ID("1"))
        #expect(try await copy.head() == 1)
        #expect(try await EventStore.inMemory().head() == .start)
    }

    @Test(arguments: [(AppendFaults.Fault.unavailable, 0), (.lostOnTheWay, 0), (.lostAnswer, 1)])
    func `a fault meets the next append, and only that one`(fault: AppendFaults.Fault, written: Int) async throws {
        let faults = AppendFaults()
        let store = EventStore.inMemory(faults: faults)
        faults.meetNext(fault)
        let error = await #expect(throws: AppendError.self) {
            try await store.append([.filled(count: 1)], to: Jar.ID("1"), expecting: .any)
        }
        switch (fault, error) {
        case (.unavailable, .failed(let failure)?): #expect(failure.isUnavailability)
        case (.lostOnTheWay, .unknown(let outcome)?), (.lostAnswer, .unknown(let outcome)?):
            #expect(outcome.stream == Jar.ID("1").name)
        default: Issue.record("\(String(describing: error))")
        }
        #expect(try await store.head().rawValue == Int64(written))
        try await store.append([.filled(count: 1)], to: Jar.ID("1"), expecting: .any)
        #expect(try await store.head().rawValue == Int64(written + 1))
    }

    @Test func `a command with an id is sent again after a lost answer and done once`() async throws {
        let faults = AppendFaults()
        let store = EventStore.inMemory(faults: faults)
        faults.meetNext(.lostOnTheWay, .lostAnswer)
        for _ in 0..<2 {
            await #expect(throws: ExecuteError<Jar.Rejection>.self) {
                try await store.execute(.fill(count: 1), on: Jar.ID("1"), as: "fill")
            }
        }
        let receipt = try await store.execute(.fill(count: 1), on: Jar.ID("1"), as: "fill")
        #expect(receipt == Receipt(version: 1, position: 1, isRepeated: true))
    }
}
