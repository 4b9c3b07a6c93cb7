import FoundationEssentials
import Martlet
import MartletTesting
import Testing

@testable import MartletStreamingLog

@Suite(.tags(.database)) struct GroupOutageTests {
    @Test func `readers outlive a server that crashes and comes back`() async throws {
        try await PrivateCluster.with { cluster in
            let bench = GroupBench(cluster.configuration)
            try await bench.prepare(partitions: 4)
            let readers = [bench.reader(lease: .seconds(2)), bench.reader(lease: .seconds(2))]
            try await bench.eventually { readers.allSatisfy { $0.partitions.count == 2 } }
            try await bench.send(0..<100)
            try await bench.eventually { Set(readers.flatMap(\.numbers)).count == 100 }
            try await cluster.crash()
            // They do not read on what others may have by now.
            try await bench.eventually { readers.allSatisfy(\.partitions.isEmpty) }
            try await cluster.start()
            try await bench.send(100..<200)
            try await bench.eventually { Set(readers.flatMap(\.numbers)).count == 200 }
            for reader in readers { #expect(await reader.stop() is CancellationError) }
        }
    }

    @Test func `readers whose sessions are ended miss nothing`() async throws {
        try await GroupBench.with { bench in
            let readers = [bench.reader(lease: .seconds(2)), bench.reader(lease: .seconds(2))]
            let killer = try await Connection.open(bench.configuration)
            for round in 0..<20 {
                try await bench.send(round * 50..<round * 50 + 50)
                try await killer.query(
                    """
                    SELECT pg_terminate_backend(pid), pg_sleep(0.02) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    AND backend_type = 'client backend' ORDER BY random() LIMIT 3
                    """)
            }
            try await bench.eventually { Set(readers.flatMap(\.numbers)).count == 1000 }
            // What was read is committed, by whoever has the partition now.
            try await bench.eventually { try await bench.log.lag(of: "readers").allSatisfy { $0.records == 0 } }
            for reader in readers { #expect(await reader.stop() is CancellationError) }
        }
    }
}
