import FoundationEssentials
import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletStreamingLog

@Suite(.tags(.database)) struct GroupReadingTests {
    private let partition = TopicPartition("orders", 0)
    private let group: GroupName = "readers"

    @Test func `a restart goes on from the committed offset`() async throws {
        try await GroupBench.with(partitions: 1) { bench in
            try await bench.send(0..<30, among: 1)
            let first = try await bench.reading { partition in
                _ = try await partition.next(upTo: FetchLimits(records: 10))
                try await partition.commit(10)
                return try await partition.next(upTo: FetchLimits(records: 10)).map(\.number)
            }
            #expect(first == Array(10..<20))
            let second = try await bench.reading { partition in
                (partition.start, try await partition.next(upTo: FetchLimits()).map(\.number))
            }
            #expect(second.0 == 10)
            #expect(second.1 == Array(10..<30))
        }
    }

    @Test func `a member seeks to the beginning, the end, an offset and a time`() async throws {
        try await GroupBench.with(partitions: 1) { bench in
            try await bench.send(0..<10, among: 1)
            let between = Date()
            try await bench.eventually { Date() > between.addingTimeInterval(0.01) }
            try await bench.send(10..<20, among: 1)
            let firsts = try await bench.reading { partition in
                var found: [Int] = []
                // Where a page has been read ahead, it is not taken.
                for place in [SeekPlace.offset(7), .beginning, .time(between), .offset(19)] {
                    try await partition.seek(to: place)
                    found += try await partition.next(upTo: FetchLimits(records: 2)).prefix(1).map(\.number)
                }
                try await partition.seek(to: .end)
                try await bench.send(20..<21, among: 1)
                found += try await partition.next(upTo: FetchLimits()).map(\.number)
                return found
            }
            #expect(firsts == [7, 0, 10, 19, 20])
        }
    }

    @Test(arguments: [
        (SeekPlace.beginning, 0), (.end, 20), (.offset(7), 7), (.offset(500), 20), (.time(.distantPast), 0),
        (.time(.distantFuture), 20),
    ])
    func `a stopped group is set to a place`(place: SeekPlace, expected: Int) async throws {
        try await GroupBench.with(partitions: 2) { bench in
            try await bench.send(0..<40, among: 2)
            try await bench.log.seek("readers", in: "orders", to: place)
            let expected = Offset(rawValue: Int64(expected))
            #expect(try await bench.log.lag(of: "readers").map(\.committed) == [expected, expected])
        }
    }

    @Test func `a group that reads is neither set nor deleted`() async throws {
        try await GroupBench.with(partitions: 1) { bench in
            let storage = bench.log.storage
            let member = UUID()
            let held = try await storage.claim(["orders"], for: "readers", member: member, lease: .seconds(60))
            for attempt in 0..<2 {
                let error = await #expect(throws: StreamingLogError.self) {
                    if attempt == 0 {
                        try await bench.log.seek("readers", in: "orders", to: .end)
                    } else {
                        try await bench.log.delete(group: group)
                    }
                }
                guard case .groupIsActive("readers", members: 1) = error else {
                    Issue.record("found \(String(describing: error))")
                    return
                }
            }
            try await storage.release(nil, of: "readers", member: member)
            try await bench.log.seek("readers", in: "orders", to: .end)
            // What is set is not overwritten by one who does not know that it has stopped.
            let lease = try #require(held.first)
            await #expect(throws: StreamingLogError.self) {
                try await storage.commit(0, in: partition, by: "readers", epoch: lease.epoch)
            }
            try await bench.log.delete(group: group)
            let (groups, lag) = (try await bench.log.groups(), try await bench.log.lag(of: "readers"))
            #expect(groups.isEmpty && lag.isEmpty)
        }
    }

    @Test func `calls at the same time share what there is to read`() async throws {
        try await GroupBench.with(partitions: 1) { bench in
            try await bench.send(0..<60, among: 1)
            let found = try await bench.reading { partition in
                try await withThrowingTaskGroup(of: [Int].self) { tasks in
                    for _ in 0..<20 {
                        tasks.addTask { try await partition.next(upTo: FetchLimits(records: 3)).map(\.number) }
                    }
                    return try await tasks.reduce(into: []) { $0 += $1 }
                }
            }
            #expect(found.sorted() == Array(0..<60))
        }
    }

    @Test func `a new group that begins at the end keeps that place`() async throws {
        try await GroupBench.with(partitions: 1) { bench in
            try await bench.send(0..<10, among: 1)
            let start = try await bench.reading(ConsumeOptions(start: .end)) { $0.start }
            #expect(start == 10)
            try await bench.send(10..<15, among: 1)
            let found = try await bench.reading(ConsumeOptions(start: .end)) {
                try await $0.next(upTo: FetchLimits()).map(\.number)
            }
            #expect(found == Array(10..<15))
        }
    }

    @Test func `a group that begins at the end misses nothing in partitions that are added later`() async throws {
        try await GroupBench.with(partitions: 1) { bench in
            try await bench.send(0..<10, among: 1)
            let first = try await bench.reading(ConsumeOptions(start: .end)) { $0.start }
            #expect(first == 10)
            try await bench.log.setPartitions(of: "orders", to: 2)
            try await bench.log.producer().send(Record(value: Array("7".utf8), partition: 1), to: "orders")
            let reader = bench.reader(start: .end)
            try await bench.eventually { reader.numbers == [7] }
            await reader.stop()
        }
    }

    @Test func `where records are gone, it goes on as the options say`() async throws {
        try await GroupBench.with(partitions: 1) { bench in
            try await bench.send(0..<10, among: 1)
            try await bench.log.seek("readers", in: "orders", to: .offset(4))
            try await bench.query("SELECT martlet_log.open_segment(1)")
            try await bench.query("SELECT martlet_log.drop_segments(1, 1)")
            try await bench.send(10..<20, among: 1)
            let error = await #expect(throws: StreamingLogError.self) {
                _ = try await bench.reading(ConsumeOptions(start: .beginningOrFail)) {
                    try await $0.next(upTo: FetchLimits())
                }
            }
            guard case .offsetOutOfRange(partition, 4, expected: 10...20) = error else {
                Issue.record("found \(String(describing: error))")
                return
            }
            let found = try await bench.reading { try await $0.next(upTo: FetchLimits()).map(\.number) }
            #expect(found == Array(10..<20))
            let atEnd = try await bench.reading(ConsumeOptions(start: .end)) { partition in
                // Where the end is, nobody knows who only reads.
                let sender = Task {
                    for number in 20... {
                        try await bench.send(number..<number + 1, among: 1)
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
                defer { sender.cancel() }
                return try await partition.next(upTo: FetchLimits()).map(\.number)
            }
            #expect(!atEnd.isEmpty && atEnd.allSatisfy { $0 >= 20 })
        }
    }

    @Test func `lag is told in records and in time`() async throws {
        try await GroupBench.with(partitions: 2) { bench in
            try await bench.send(0..<20, among: 2)
            let storage = bench.log.storage
            let member = UUID()
            let held = try await storage.claim(["orders"], for: "readers", member: member, lease: .seconds(60))
            let lease = try #require(held.first)
            try await storage.commit(8, in: lease.partition, by: "readers", epoch: lease.epoch)
            let early = try await bench.log.lag(of: "readers")
            #expect(early.map(\.records) == [2, 10])
            #expect(early.map(\.committed) == [8, nil])
            #expect(early.map(\.end) == [10, 10])
            #expect(early.map(\.member) == [member, member])
            try await bench.eventually {
                try await bench.log.lag(of: "readers").allSatisfy { $0.time > .milliseconds(300) }
            }
            try await storage.commit(10, in: lease.partition, by: "readers", epoch: lease.epoch)
            #expect(try await bench.log.lag(of: "readers").first?.time == .zero)
        }
    }

    @Test func `a slow reader has one page more read than it has been given`() async throws {
        try await GroupBench.with(partitions: 1) { bench in
            let connection = try await Connection.open(bench.configuration)
            try await connection.run(
                script: """
                    CREATE SEQUENCE fetches;
                    ALTER FUNCTION martlet_log.extents(integer, integer) RENAME TO counted_extents;
                    CREATE FUNCTION martlet_log.extents(of_topic integer, of_partition integer DEFAULT NULL)
                    RETURNS TABLE (partition integer, first_offset bigint, next_offset bigint)
                    LANGUAGE plpgsql AS $$ BEGIN
                        -- As each fetch asks, and nothing else.
                        IF of_partition IS NOT NULL THEN PERFORM nextval('fetches'); END IF;
                        RETURN QUERY SELECT e.* FROM martlet_log.counted_extents(of_topic, of_partition) e;
                    END $$;
                    ALTER FUNCTION martlet_log.read_1_1 RENAME TO counted_read;
                    CREATE FUNCTION martlet_log.read_1_1(part integer, first bigint, most integer, bytes bigint)
                    RETURNS TABLE ("offset" bigint, appended_at timestamptz, created_at timestamptz, message_id text,
                        key bytea, value bytea, headers bytea)
                    LANGUAGE plpgsql AS $$ BEGIN
                        -- As each further one asks.
                        PERFORM nextval('fetches');
                        RETURN QUERY SELECT * FROM martlet_log.counted_read(part, first, most, bytes);
                    END $$;
                    """)
            try await bench.send(0..<100, among: 1)
            let counts = try await bench.reading { partition in
                var counts: [Int64] = []
                for page in 0..<5 {
                    let records = try await partition.next(upTo: FetchLimits(records: 10))
                    #expect(records.map(\.number) == Array(page * 10..<page * 10 + 10))
                    // Time enough to read all the rest, if it would.
                    try await Task.sleep(for: .milliseconds(100))
                    let row = try await connection.query("SELECT last_value FROM fetches").first
                    counts.append(try #require(row).decode(Int64.self))
                }
                return counts
            }
            #expect(counts == [2, 3, 4, 5, 6])
        }
    }

    @Test func `waiting ends when there is something to read`() async throws {
        try await GroupBench.with(partitions: 1) { bench in
            await bench.log.wait(for: partition, from: 0, atMost: .milliseconds(10))
            #expect(try await bench.log.fetch(partition, from: 0, upTo: FetchLimits()).isEmpty)
            async let waiting: Void = bench.log.wait(for: partition, from: 0, atMost: .seconds(60))
            try await bench.send(0..<1, among: 1)
            await waiting
            #expect(try await bench.log.fetch(partition, from: 0, upTo: FetchLimits()).count == 1)
        }
    }
}
