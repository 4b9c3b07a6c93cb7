import Testing

@testable import MartletProcesses

@Suite struct TurnsTests {
    @Test func `as many as there is room for go, and the others in the order in which they came`() {
        var turns = Turns(limit: 2)
        #expect([turns.enter(), turns.enter(), turns.enter(), turns.enter()] == [.go, .go, .wait(1), .wait(2)])
        #expect([turns.leave(), turns.leave(), turns.leave(), turns.leave()] == [1, 2, nil, nil])
        #expect(turns.taken == 0)
    }

    @Test func `who gives up is forgotten, unless its turn has come`() {
        var turns = Turns(limit: 1)
        #expect([turns.enter(), turns.enter(), turns.enter()] == [.go, .wait(1), .wait(2)])
        #expect(turns.giveUp(1) == true)
        #expect(turns.leave() == 2)
        #expect(turns.giveUp(2) == false)
        #expect(turns.taken == 1)
    }

    @Test func `nobody waits for those who were given up, and all go again once one of them has left`() {
        var turns = Turns(limit: 2)
        #expect([turns.enter(), turns.enter(), turns.enter()] == [.go, .go, .wait(1)])
        #expect(turns.abandon() == [])
        #expect(turns.enter() == .wait(2))
        #expect(turns.abandon() == [1, 2])
        #expect(turns.enter() == .blocked)
        #expect(turns.leave(isAbandoned: true) == nil)
        #expect([turns.enter(), turns.enter()] == [.go, .wait(3)])
        #expect(turns.leave(isAbandoned: true) == 3)
        #expect(turns.taken == 2)
    }
}

@Suite struct TurnstileTests {
    @Test(.timeLimit(.minutes(1))) func `one that is cancelled while it waits leaves its turn to the next`()
        async throws
    {
        let turnstile = Turnstile(limit: 1)
        #expect(try await turnstile.enter() == .atOnce)
        let (entered, feed) = AsyncStream<Int>.makeStream()
        let impatient = Task { _ = try await turnstile.enter() }
        impatient.cancel()
        await #expect(throws: CancellationError.self) { try await impatient.value }
        let patient = Task {
            let passage = try await turnstile.enter()
            feed.yield(2)
            return passage
        }
        await turnstile.leave()
        var iterator = entered.makeAsyncIterator()
        #expect(await iterator.next() == 2)
        _ = try await patient.value
    }

    @Test func `never are more inside than there is room for`() async throws {
        let turnstile = Turnstile(limit: 3)
        let inside = Counted()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    if number.isMultiple(of: 7) { withUnsafeCurrentTask { $0?.cancel() } }
                    do {
                        try await turnstile.inside(atMost: .seconds(60)) {
                            await inside.enter()
                            await Task.yield()
                            await inside.leave()
                        }
                    } catch is CancellationError {}
                }
            }
            try await group.waitForAll()
        }
        #expect(await inside.most <= 3)
        #expect(await inside.now == 0)
        #expect(try await turnstile.enter() == .atOnce)
    }

    @Test func `a place is another's after a time, and is left once`() async throws {
        let turnstile = Turnstile(limit: 1)
        let (slow, feed) = AsyncStream<Void>.makeStream()
        let first = Task {
            try await turnstile.inside(atMost: .milliseconds(20)) { for await _ in slow { break } }
        }
        var others = 0
        for _ in 0..<3 { others += try await turnstile.inside(atMost: .milliseconds(20)) { 1 } }
        feed.yield()
        try await first.value
        #expect(others == 3)
        #expect(try await turnstile.enter() == .atOnce)
        let second = Task { try await turnstile.enter() }
        try await Task.sleep(for: .milliseconds(50))
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
    }

    private actor Counted {
        private(set) var now = 0
        private(set) var most = 0
        func enter() { (now, most) = (now + 1, max(most, now + 1)) }
        func leave() { now -= 1 }
    }
}
