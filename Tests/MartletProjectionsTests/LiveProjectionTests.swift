import FoundationEssentials
import Martlet
import MartletTesting
import Testing

/// Adds up the counters that it is folded from.
private struct Total: LiveProjection {
    var sum = 0
    var events = 0

    mutating func apply(_ recorded: Recorded<Counter>) {
        events += 1
        if case .counted(let amount) = recorded.event { sum += amount }
    }
}

@Suite(.tags(.database)) struct LiveProjectionTests {
    @Test func `a stream is folded, as it stands or stood`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            let (store, id) = (application.store, Counter.ID("a"))
            let events = (1...2500).map { Counter.Event.counted(by: $0) }
            try await store.append(events, to: id, expecting: .noStream)
            try await store.append([.counted(by: 7)], to: Counter.ID("b"), expecting: .noStream)
            let all = try await store.fold(Total.self, over: .stream(id.name))
            #expect(all.value.sum == 2500 * 2501 / 2)
            #expect(all.position == 2500)
            let early = try await store.fold(Total.self, over: .stream(id.name), asOf: .version(10))
            #expect(early.value.sum == 55 && early.position == 10)
            let none = try await store.fold(Total.self, over: .stream(Counter.ID("none").name))
            #expect(none.value.events == 0 && none.position == .start)
        }
    }

    @Test func `the log is folded up to its end, a position or a date`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            let store = application.store
            for _ in 1...3 {
                try await store.append(
                    Array(repeating: .counted(by: 1), count: 1000), to: Counter.ID("a"), expecting: .any)
            }
            var before: Date?
            for try await event in store.readLog(.backwards) {
                before = event.recordedAt
                break
            }
            let date = try #require(before)
            try await application.execute(.placed(cents: 1), on: Purchase.ID("a"))
            try await application.execute(.counted(by: 5), on: Counter.ID("b"))
            let all = try await store.fold(Total.self, over: .log)
            #expect(all.value.sum == 3005 && all.position == 3002)
            let past = try await store.fold(Total.self, over: .log, asOf: .position(1500))
            #expect(past.value.sum == 1500 && past.position == 1500)
            // Between two of its own, after one that it does not take.
            #expect(try await store.fold(Total.self, over: .log, asOf: .position(3001)).value.sum == 3000)
            let then = try await store.fold(Total.self, over: .log, asOf: .date(date))
            #expect(then.value.sum == 3000 && then.position == 3000)
        }
    }

    @Test func `what one request led to is folded across aggregates`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            let request: Metadata = ["correlation": "request 1"]
            try await application.execute(.placed(cents: 5), on: Purchase.ID("a"), metadata: request)
            try await application.execute(.counted(by: 1), on: Counter.ID("a"), metadata: request)
            try await application.execute(.placed(cents: 5), on: Purchase.ID("b"))
            try await application.execute(
                .charged(purchase: "a", cents: 5), on: Charge.ID("c"), metadata: request)
            let view = try await application.store.fold(SaleView.self, over: .correlation("request 1"))
            #expect(view.value.stories == ["a": "placed charged"])
            #expect(view.position == 4)
        }
    }

    @Test func `only what it takes is read, what is retired is left out, and what cannot be read is an error`()
        async throws
    {
        try await ThrowawayDatabase.withApplication { application async throws in
            let store = application.store
            try await application.execute(.placed(cents: 5), on: Purchase.ID("a"))
            try await application.execute(.looked, on: Charge.ID("c"))
            try await application.execute(.counted(by: 1), on: Counter.ID("a"))
            // No event of this category can be read any more, which is nobody's concern who does not take it.
            try await application.pool.execute("UPDATE martlet.events SET type = 'counter.gone' WHERE position = 3")
            try await application.pool.execute("UPDATE martlet.events SET type = 'charge.noted' WHERE position = 2")
            let view = try await store.fold(SaleView.self, over: .log)
            #expect(view.value.positions == [1] && view.position == 3)
            let error = await #expect(throws: EventStoreError.self) { try await store.fold(Total.self, over: .log) }
            guard case .undecodable = error else { throw error ?? .cancelled }
        }
    }
}
