import Martlet
import MartletTesting
import Testing

@testable import MartletEventStore

@Suite(.tags(.database)) struct SubscriptionTests {
    private func append(_ count: Int, to application: Application, _ id: Account.ID = "ada") async throws {
        try await application.store.append(
            (1...count).map { Account.Event.received(cents: $0) }, to: id, expecting: .any)
    }

    /// Appends behind the append function's back, and so without its notification.
    private func appendSilently(to application: Application) async throws {
        try await application.pool.execute(
            """
            INSERT INTO martlet.events
                (position, version, recorded_at, event_id, type_version, stream_id, type, payload, metadata)
            SELECT max(position) + 1, max(version) + 1, now(), gen_random_uuid(), 1, 'account-ada', 'account.received',
                '{"cents":1}', '{}' FROM martlet.events
            """)
    }

    private func sessionsListening(_ application: Application) async throws -> [Int32] {
        try await application.pool.query(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"
        ).map { row in try row.decode(Int32.self) }
    }

    /// Asks again until the answer is as wanted; the test's own time limit is the end of it.
    private func eventually(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test func `a subscription delivers what there is, then what comes, once each and in order`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await append(2500, to: application)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var last: Int64 = 700
                    for try await event in application.store.subscribe(after: 700) {
                        #expect(event.position.rawValue == last + 1)
                        last += 1
                        if last == 2500 { try await append(20, to: application) }
                        if last == 2620 { break }
                    }
                    #expect(last == 2620)
                }
                group.addTask {
                    for number in 1...100 { try await append(1, to: application, Account.ID("\(number)")) }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `several subscriptions share one listening session, which ends with the last of them`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            #expect(try await sessionsListening(application) == [])
            try await withThrowingTaskGroup(of: Int.self) { group in
                for filter in [LogFilter.all, .categories(["account"]), .types(["account.received"]), .all] {
                    group.addTask {
                        var count = 0
                        for try await _ in application.store.subscribe(filter: filter) {
                            count += 1
                            if count == 3 { break }
                        }
                        return count
                    }
                }
                try await append(1, to: application)
                try await eventually { try await sessionsListening(application).count == 1 }
                try await append(1, to: application)
                #expect(try await sessionsListening(application).count == 1)
                try await append(1, to: application)
                for try await count in group { #expect(count == 3) }
            }
            try await eventually { try await sessionsListening(application) == [] }
        }
    }

    @Test func `a subscription goes on when its listening session is ended, and whatever else is`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            let killer = try await Connection.open(application.pool.configuration)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var seen: [Int64] = []
                    for try await event in application.store.subscribe(filter: .categories(["account"])) {
                        seen.append(event.position.rawValue)
                        if seen.count == 40 { break }
                    }
                    #expect(seen == (1...40).map(\.self))
                }
                for number in 1...40 {
                    try await killer.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid()
                        AND backend_type = 'client backend'
                        AND (query LIKE 'LISTEN %' OR \(number) % 5 = 0)
                        """)
                    try await killer.query(
                        """
                        SELECT martlet.append('{account-\(SQL(trusted: "\(number)"))}', '{0}', '{1}', '{1}', '{1}',
                            '{1}', ARRAY[gen_random_uuid()], '{account.received}', '{1}', '{"{}"}', '{"{}"}',
                            '{}', '{}', '{}', '{}', '{}')
                        """)
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a lost notification only delays`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await append(1, to: application)
            var events = application.store.subscribe().makeAsyncIterator()
            for position in 1...3 {
                #expect(try await events.next()?.position.rawValue == Int64(position))
                try await appendSilently(to: application)
            }
        }
    }

    @Test func `an append arrives long before a poll would find it`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await append(1, to: application)
            var events = application.store.subscribe().makeAsyncIterator()
            _ = try await events.next()
            try await eventually { try await sessionsListening(application).count == 1 }
            var fastest = Duration.seconds(60)
            for _ in 0..<10 {
                async let append: Void = append(1, to: application)
                let start = ContinuousClock.now
                _ = try await events.next()
                fastest = min(fastest, .now - start)
                try await append
            }
            // Ten polls, once a second, cannot all come just after the append.
            #expect(fastest < .milliseconds(200))
        }
    }

    @Test func `batches say how far was looked when nothing matched`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await append(1200, to: application)
            var batches = application.store.subscribe(filter: .types(["account.sent"])).batches.makeAsyncIterator()
            let first = try #require(try await batches.next())
            #expect(first.events.isEmpty)
            #expect(first.through == 1200)
            try await application.store.append([.sent(cents: 1, to: "bob")], to: Account.ID("ada"), expecting: .exists)
            let second = try #require(try await batches.next())
            #expect(second.events.map(\.position) == [1201])
            #expect(second.through == 1201)
        }
    }

    @Test func `a reader that stands still keeps no writer waiting, and then misses nothing`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await append(1500, to: application)
            var events = application.store.subscribe().makeAsyncIterator()
            #expect(try await events.next()?.position == 1)
            for _ in 1...20 { try await append(100, to: application) }
            // It holds no session in a transaction meanwhile, whose snapshot would keep vacuum back.
            try await eventually {
                try await application.pool.query(
                    """
                    SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                    AND backend_type = 'client backend'
                    AND (backend_xmin IS NOT NULL OR state LIKE 'idle in transaction%')
                    """
                ).isEmpty
            }
            for position in 2...3500 { #expect(try await events.next()?.position.rawValue == Int64(position)) }
        }
    }

    @Test func `a hole ends a subscription`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await append(3, to: application)
            try await application.pool.execute("DELETE FROM martlet.events WHERE position = 2")
            let error = await #expect(throws: EventStoreError.self) {
                for try await _ in application.store.subscribe() {}
            }
            guard case .hole(expected: 2, found: 3) = error else { throw error ?? .corrupt("no error") }
        }
    }

    @Test func `a cancelled subscription ends, waiting or not`() async throws {
        try await ThrowawayDatabase.withApplication { application async throws in
            try await append(10, to: application)
            let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
            let waiting = Task {
                var count = 0
                for try await _ in application.store.subscribe() {
                    count += 1
                    if count == 10 { arrived.yield() }
                }
                return count
            }
            for await _ in arrivals { break }
            waiting.cancel()
            #expect(try await waiting.value == 10)
            try await eventually { try await sessionsListening(application) == [] }
        }
    }
}
