import FoundationEssentials
import Martlet
import MartletTesting
import Testing

@testable import MartletEventStore

extension AsyncSequence {
    fileprivate func all() async throws -> [Element] {
        try await reduce(into: []) { all, element in all.append(element) }
    }
}

// One after the other: each fills a log of its own.
@Suite(.tags(.database), .serialized) struct ReadingTests {
    private let ada = Account.ID("ada")

    /// Streams of 1..`count` events each in turn, so that every stream's events lie apart in the log.
    private func fill(_ application: Application, _ events: Int, streams: Int = 1) async throws {
        let each = (1...events).map { Account.Event.received(cents: $0) }
        for stream in 0..<streams {
            try await application.store.append(
                each, to: stream == 0 ? ada : Account.ID("\(stream)"), expecting: .noStream)
        }
    }

    private func versions(_ events: PagedEvents<Recorded<Account>>) async throws -> [Int64] {
        try await events.all().map(\.version.rawValue)
    }

    private func positions(_ events: PagedEvents<StoredEvent>) async throws -> [Int64] {
        try await events.all().map(\.position.rawValue)
    }

    // 1,000 events are a page: the counts lie on, before and behind a page's end.
    @Test(arguments: [1, 999, 1000, 1001, 2500])
    func `a stream and the log are read whole in both directions`(count: Int) async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await fill(application, count)
            let forwards = (1...Int64(count)).map(\.self)
            let backwards = Array(forwards.reversed())
            #expect(try await versions(application.store.read(ada)) == forwards)
            #expect(try await versions(application.store.read(ada, .backwards)) == backwards)
            #expect(try await positions(application.store.readLog()) == forwards)
            #expect(try await positions(application.store.readLog(.backwards)) == backwards)
        }
    }

    @Test func `reading starts beside the place that it is asked for`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            let store = application.store
            try await fill(application, 5)
            #expect(try await versions(store.read(ada, after: 3)) == [4, 5])
            #expect(try await versions(store.read(ada, .backwards, after: 3)) == [2, 1])
            #expect(try await versions(store.read(ada, after: 9)) == [])
            #expect(try await versions(store.read(ada, .backwards, after: 9)) == [5, 4, 3, 2, 1])
            #expect(try await versions(store.read(ada, .backwards, after: 1)) == [])
            #expect(try await positions(store.readLog(after: 3)) == [4, 5])
            #expect(try await positions(store.readLog(.backwards, after: 3)) == [2, 1])
            #expect(try await positions(store.readLog(.backwards, after: 9)) == [5, 4, 3, 2, 1])
            #expect(try await versions(store.read(Account.ID("nobody"), .backwards)) == [])
        }
    }

    @Test func `a stream is read as it was at a version, a position or a time`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            let store = application.store
            for number in 1...4 {
                try await application.execute(.receive(cents: number), on: ada)
                try await application.execute(.receive(cents: number), on: Account.ID("bob"))
            }
            let second = try await store.read(ada, after: 1).all()[0].recordedAt
            let thirds: [AsOf] = [.version(3), .position(5), .position(6)]
            for moment in thirds {
                #expect(try await versions(store.read(ada, asOf: moment)) == [1, 2, 3])
                #expect(try await versions(store.read(ada, .backwards, asOf: moment)) == [3, 2, 1])
                #expect(try await versions(store.read(ada, .backwards, after: 3, asOf: moment)) == [2, 1])
            }
            #expect(try await versions(store.read(ada, asOf: .date(second))) == [1, 2])
            #expect(try await versions(store.read(ada, .backwards, asOf: .date(second))) == [2, 1])
            #expect(try await versions(store.read(ada, asOf: .version(0))) == [])
        }
    }

    @Test(arguments: [
        ("version = 1", "expected version 1, found 0"), ("version = 700", "expected version 700, found 699"),
        // The first event of the second page.
        ("version = 500", "expected version 500, found 499"),
    ])
    func `a missing version is found backwards`(missing: String, problem: String) async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await fill(application, 1500)
            try await application.pool.execute("DELETE FROM martlet.events WHERE \(SQL(trusted: missing))")
            let stream = await #expect(throws: EventStoreError.self) {
                try await versions(application.store.read(ada, .backwards))
            }
            #expect(stream?.description.hasSuffix("stream \"account-ada\": \(problem)") == true)
            let log = await #expect(throws: EventStoreError.self) {
                try await positions(application.store.readLog(.backwards))
            }
            guard case .hole = log else { throw log ?? .corrupt("no error") }
            #expect(log?.description.hasSuffix(problem.replacing("version", with: "position")) == true)
        }
    }

    @Test func `events of archived streams stay in the log`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await fill(application, 3, streams: 3)
            let store = application.store
            try await store.close(Account.ID("1"), expecting: .exactly(3))
            #expect(try await store.archive(Account.ID("1")) == 3)
            let everything = (1...9).map { Int64($0) }
            #expect(try await positions(store.readLog()) == everything)
            #expect(try await positions(store.readLog(filter: .categories(["account"]))) == everything)
            #expect(try await positions(store.readLog(.backwards, filter: .types(["account.received"]))).count == 9)
            #expect(try await versions(store.read(Account.ID("1"), .backwards)) == [3, 2, 1])
        }
    }
}
