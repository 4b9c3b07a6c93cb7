import Foundation
import Martlet
import MartletTesting
import Synchronization
import Testing

@Suite(.tags(.database)) struct PublicationReplayTests {
    @Test(arguments: Place.allCases)
    func `a replay fills another topic and leaves the relay where it is`(place: Place) async throws {
        try await Depot.with(place) { depot in
            try await depot.load(parcels: 3, steps: 4)
            let steps = Mutex<[ReplayProgress]>([])
            try await depot.publication.replay(into: "parcels.again") { progress in
                steps.withLock { $0.append(progress) }
            }
            #expect(steps.withLock { $0.last }?.messages == 12)
            #expect(steps.withLock { $0.last?.position == $0.last?.end })
            let found = try await depot.moves(in: "parcels.again")
            #expect(found.mapValues { $0.map(\.step) } == ["0": [1, 2, 3, 4], "1": [1, 2, 3, 4], "2": [1, 2, 3, 4]])
            #expect(try await depot.publication.status().position == .start)
        }
    }

    @Test func `a replay that was broken off and is begun again leaves nothing twice`() async throws {
        try await Depot.with(.own) { depot in
            try await depot.load(parcels: 4, steps: 300)
            let replay = Task { [publication = depot.publication] in
                try await publication.replay(into: "again") { _ in withUnsafeCurrentTask { $0?.cancel() } }
            }
            await #expect(throws: (any Error).self) { try await replay.value }
            #expect(try await depot.records(of: "again").count > 0)
            try await depot.publication.replay(into: "again")
            let found = try await depot.moves(in: "again")
            #expect(found.count == 4)
            for moves in found.values { #expect(moves.map(\.step) == Array(1...300)) }
        }
    }

    @Test func `a replay begins where it is told to`() async throws {
        try await Depot.with(.own) { depot in
            for step in 1...5 { try await depot.move("a", step) }
            try await depot.publication.replay(after: 3, into: "again")
            #expect(try await depot.moves(in: "again")["a"]?.map(\.step) == [4, 5])
        }
    }
}
