import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletMessaging

@Suite(.tags(.database)) struct PublishingTests {
    @Test(arguments: Place.allCases)
    func `each event's messages are once in the topic and in the order of their key, while two applications relay`(
        place: Place
    ) async throws {
        try await Depot.with(place) { depot in
            let members = [depot.member(), depot.member()]
            defer { for member in members { member.cancel() } }
            let last = try await depot.load(parcels: 12, steps: 20)
            #expect(try await depot.publication.caughtUp(to: last, within: .seconds(30)))
            try await depot.expectAll(parcels: 12, steps: 20)
        }
    }

    @Test func `a message is the event in the envelope that the publication asks for`() async throws {
        try await Depot.with(.own) { depot in
            let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            let receipt = try await depot.outsider.execute(
                .move(step: 1, copies: 2), on: Parcel.ID("a"), metadata: ["traceparent": trace])
            let member = depot.member()
            defer { member.cancel() }
            #expect(try await depot.publication.caughtUp(to: receipt, within: .seconds(10)))
            let stored = try #require(try await depot.outsider.store.logPage(after: .start, limit: 1).first)
            let id = stored.id.uuidString.lowercased()
            let found = try await depot.records()
            #expect(found.map(\.key) == [Array("a".utf8), Array("a".utf8)])
            #expect(found.map(\.messageID) == [id, "\(id).1"])
            let number = try #require(found.first).partition.number
            let event = try CloudEvent(found[1])
            #expect(
                event
                    == CloudEvent(
                        id: "\(id).1", source: "/depot", type: "parcel.moved.v1", subject: "a",
                        time: stored.recordedAt, datacontenttype: "application/json",
                        data: Array(#"{"parcel":"a","step":1,"copy":1}"#.utf8), extensions: ["traceparent": trace]))
            #expect(
                found.map { record in
                    record.headers.suffix(3).map { "\($0.name)=\(String(decoding: $0.value ?? [], as: UTF8.self))" }
                } == [
                    ["martlet-producer=parcel_messages/\(number)", "martlet-sequence=1024", "martlet-after=-1"],
                    ["martlet-producer=parcel_messages/\(number)", "martlet-sequence=1025", "martlet-after=1024"],
                ])
        }
    }

    @Test func `relays whose links are cut again and again leave nothing out and send nothing twice`() async throws {
        try await Depot.with(.own) { depot in
            let members = [depot.member(), depot.member()]
            defer { for member in members { member.cancel() } }
            let cutting = Task {
                // The appending application's sessions are spared, so that what is appended is known.
                while !Task.isCancelled {
                    try await depot.outsider.pool.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND query ~ 'projection|publish|COMMIT'
                            AND pid <> pg_backend_pid()
                        """)
                    try await Task.sleep(for: .milliseconds(30))
                }
            }
            let last = try await depot.load(parcels: 8, steps: 40)
            cutting.cancel()
            _ = await cutting.result
            #expect(try await depot.publication.caughtUp(to: last, within: .seconds(30)))
            try await depot.expectAll(parcels: 8, steps: 40)
        }
    }

    @Test(arguments: Place.allCases)
    func `what a relay that died had is taken over once its lease has ended`(place: Place) async throws {
        try await Depot.with(place) { depot in
            // As a process leaves it that is killed.
            try await depot.outsider.pool.execute(
                """
                UPDATE martlet.projection_leases
                SET member = gen_random_uuid(), leased_until = clock_timestamp() + interval '500 ms'
                """)
            let last = try await depot.load(parcels: 4, steps: 5)
            let member = depot.member()
            defer { member.cancel() }
            #expect(try await depot.publication.caughtUp(to: last, within: .seconds(10)))
            try await depot.expectAll(parcels: 4, steps: 5)
        }
    }

    @Test func `what another log has and the checkpoint has not is not sent twice`() async throws {
        try await Depot.with(.other) { depot in
            let last = try await depot.load(parcels: 8, steps: 10)
            // It comes to a halt between the log's answer and the checkpoint, as a process does that is killed there.
            let halting = FaultyLog.Faults { _ in try await Task.sleep(for: .seconds(3600)) }
            let first = depot.member(halting)
            while halting.count.withLock({ $0 }) < 4 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await depot.publication.status().position == .start)
            first.cancel()
            _ = await first.result
            let second = depot.member()
            defer { second.cancel() }
            #expect(try await depot.publication.caughtUp(to: last, within: .seconds(10)))
            try await depot.expectAll(parcels: 8, steps: 10)
        }
    }

    @Test func `what another log has taken is not sent twice though its answer was lost`() async throws {
        try await Depot.with(.other) { depot in
            let losing = FaultyLog.Faults { number in
                guard number.isMultiple(of: 3) else { throw CocoaError(.fileNoSuchFile) }
            }
            let member = depot.member(losing)
            defer { member.cancel() }
            let last = try await depot.load(parcels: 8, steps: 10)
            #expect(try await depot.publication.caughtUp(to: last, within: .seconds(30)))
            try await depot.expectAll(parcels: 8, steps: 10)
            #expect(try await depot.publication.follower.parkedKeys().isEmpty)
        }
    }

    @Test func `a relay whose lease was taken over is shut out of another log`() async throws {
        try await Depot.with(.other) { depot in
            let store = depot.outsider.store
            try await depot.move("a", 1)
            let writer = RelayWriter(
                PublicationSource(ParcelMessages()), into: RelayLog(FaultyLog(depot.log)), store: store)
            let stored = try #require(try await store.logPage(after: .start, limit: 1).first)
            let decoded = try store.decode(stored, of: Parcel.self)
            let event = RoutedEvent(stored: stored, input: .success(try #require(decoded)), key: "a")
            let number = writer.partition(of: "a", among: 4)
            try await writer.prepare([event], by: .worker(partition: number, epoch: 2))
            let error = await #expect(throws: JudgedFailure.self) {
                try await writer.prepare([event], by: .worker(partition: number, epoch: 1))
            }
            #expect(error?.isOfTheEvent == false)
            #expect(try await depot.records().count == 1)
        }
    }

    @Test(arguments: Place.allCases)
    func `an event of which no message can be made waits with its key, and comes in order once it is retried`(
        place: Place
    ) async throws {
        try await Depot.with(place) { depot in
            depot.broken.set(["bad"])
            let member = depot.member()
            defer { member.cancel() }
            for step in 1...3 {
                for parcel in ["bad", "good", "better"] { try await depot.move(parcel, step) }
            }
            let last = try await depot.outsider.store.head()
            #expect(try await depot.publication.follower.caughtUp(to: last, within: .seconds(20)))
            #expect(try await depot.publication.follower.parkedKeys().map(\.key) == ["bad"])
            #expect(try await depot.moves().mapValues { $0.map(\.step) } == ["good": [1, 2, 3], "better": [1, 2, 3]])
            depot.broken.set([])
            let outcome = try await depot.publication.follower.retry("bad")
            #expect(outcome.projected == 3)
            #expect(outcome.problem == nil)
            let receipt = try await depot.move("bad", 4)
            #expect(try await depot.publication.caughtUp(to: receipt, within: .seconds(20)))
            #expect(try await depot.moves()["bad"]?.map(\.step) == [1, 2, 3, 4])
            let producers = try await depot.records().filter { $0.key == Array("bad".utf8) }
                .compactMap { $0.header("martlet-producer") }
            #expect(producers.prefix(3).allSatisfy { $0 == "parcel_messages/retried/bad" })
            #expect(producers.last?.hasPrefix("parcel_messages/retried") == false)
        }
    }

    @Test func `an event that cannot be read is parked with its stream's key`() async throws {
        try await Depot.with(.own) { depot in
            try await depot.move("a", 1)
            try await depot.move("b", 1)
            try await depot.outsider.pool.execute(
                "UPDATE martlet.events SET payload = '{\"step\":\"one\"}' WHERE stream_id = 'parcel-a'")
            let member = depot.member()
            defer { member.cancel() }
            #expect(try await depot.publication.follower.caughtUp(to: 2, within: .seconds(20)))
            #expect(try await depot.publication.follower.parkedKeys().map(\.key) == ["a"])
            #expect(try await depot.moves().keys.sorted() == ["b"])
        }
    }

    @Test func `a topic that gets more partitions gets the keys' later messages there`() async throws {
        try await Depot.with(.other) { depot in
            let member = depot.member()
            defer { member.cancel() }
            let first = try await depot.load(parcels: 6, steps: 2)
            #expect(try await depot.publication.caughtUp(to: first, within: .seconds(10)))
            member.cancel()
            _ = await member.result
            try await depot.log.setPartitions(of: "parcels", to: 7)
            try await depot.outsider.migrate()
            let second = depot.member()
            defer { second.cancel() }
            let last = try await depot.load(parcels: 6, steps: 2, from: 3)
            #expect(try await depot.publication.caughtUp(to: last, within: .seconds(10)))
            for record in try await depot.records() where try record.moved().step > 2 {
                #expect(record.partition.number == Partitioner.partition(of: record.key ?? [], among: 7))
            }
            #expect(try await depot.records().count == 24)
        }
    }
}

extension Depot {
    /// Moves parcels side by side, each by itself in order, and says where the log ends then.
    @discardableResult
    func load(parcels: Int, steps: Int, from first: Int = 1) async throws -> Receipt {
        try await withThrowingTaskGroup(of: Receipt.self) { group in
            for parcel in 0..<parcels {
                group.addTask {
                    var last: Receipt?
                    for step in first..<(first + steps) {
                        if step.isMultiple(of: 5) {
                            try await outsider.execute(.weigh, on: Parcel.ID("\(parcel)"))
                        }
                        last = try await move("\(parcel)", step, copies: 1)
                    }
                    return try #require(last)
                }
            }
            let receipts = try await group.reduce(into: [Receipt]()) { $0.append($1) }
            return try #require(receipts.max { $0.position < $1.position })
        }
    }

    /// Every step of every parcel once and in order, and the numbers of each producer without a hole.
    func expectAll(parcels: Int, steps: Int) async throws {
        let moves = try await moves()
        #expect(moves.count == parcels)
        for (parcel, found) in moves {
            #expect(found.map(\.step) == Array(1...steps), "parcel \(parcel)")
        }
        var lasts: [String: String] = [:]
        for record in try await records() {
            let lane = "\(record.header("martlet-producer") ?? "") \(record.partition)"
            #expect(record.header("martlet-after") == lasts[lane] ?? "-1", "\(lane)")
            lasts[lane] = record.header("martlet-sequence")
        }
    }
}

/// Tells of weights only, from its deployment on, in one JSON object each.
struct WeightMessages: Publication {
    static let name = "weights"
    static let topic = Topic("weights", partitions: 1)
    static let source = "/scales"
    static let mode = CloudEvent.Mode.structured
    static let start = PublicationStart.end

    let key = EventKey<Recorded<Parcel>>.of { recorded in "all of \(recorded.stream.key)" }

    func messages(for recorded: Recorded<Parcel>) -> [IntegrationEvent] {
        guard case .weighed = recorded.event else { return [] }
        return [IntegrationEvent(type: "weighed", bytes: [1], contentType: "application/octet-stream")]
    }
}

extension PublishingTests {
    @Test func `a publication may begin at the log's end, and have keys and a form of its own`() async throws {
        try await ThrowawayDatabase.with { database in
            try await ThrowawayDatabase.with { other in
                let log = EmbeddedLog(postgres: other.configuration)
                try await log.migrate()
                let before = Application(postgres: database.configuration)
                try await before.migrate()
                try await before.execute(.weigh, on: Parcel.ID("a"))
                let application = Application(postgres: database.configuration) {
                    Publishing(WeightMessages(), to: log)
                }
                try await application.migrate()
                let running = Task { try await application.run() }
                defer { running.cancel() }
                let receipt = try await application.execute(.weigh, on: Parcel.ID("b"))
                #expect(
                    try await application.publication(WeightMessages.self)
                        .caughtUp(to: receipt, within: .seconds(10)))
                let found = try await log.fetch(TopicPartition("weights", 0), from: 0, upTo: FetchLimits())
                #expect(found.map(\.key) == [Array("all of b".utf8)])
                #expect(found[0].header("content-type") == "application/cloudevents+json; charset=UTF-8")
                #expect(try CloudEvent(found[0]).data == [1])
            }
        }
    }
}
