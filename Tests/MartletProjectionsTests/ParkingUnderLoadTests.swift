import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct ParkingUnderLoadTests {
    @Test func `a key keeps its order while two operators retry it and its events go on arriving`() async throws {
        try await Depot.open {
            Moves(trouble: $0)
        } _: { depot in
            let (moves, parcels) = (depot.application.projection(Moves.self), ["a", "b", "c"])
            depot.trouble.begin(at: "0")
            try await depot.running {
                for parcel in parcels { try await depot.move(parcel, to: "0") }
                try await depot.wait { try await moves.parkedKeys().count == parcels.count }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for parcel in parcels {
                        group.addTask {
                            for step in 1...100 { try await depot.move(parcel, to: "\(step)") }
                        }
                    }
                    try await depot.wait { try await moves.parkedKeys().map(\.count).min() ?? 0 > 20 }
                    depot.trouble.end()
                    for _ in 0..<2 { group.addTask { try await depot.retryUntilFree(moves) } }
                    try await group.waitForAll()
                }
                try await depot.catchUp()
                // What came between the last look and the end waits for nobody any more.
                #expect(try await moves.parkedKeys().isEmpty)
            }
            for parcel in parcels { #expect(try await depot.places(of: parcel) == (0...100).map(String.init)) }
            let retried = try await depot.application.pool.query(
                "SELECT count(*) FROM martlet.dead_letters WHERE state = 'retried'")[0].decode(Int.self)
            #expect(retried > 60)
        }
    }

    @Test func `thousands of events wait behind a key without holding up the others`() async throws {
        try await Depot.open {
            Moves(trouble: $0)
        } _: { depot in
            let moves = depot.application.projection(Moves.self)
            depot.trouble.begin(at: "0")
            try await depot.move("a", to: "0")
            for start in stride(from: 1, to: 3000, by: 500) {
                let events = (start..<(start + 500)).map { Parcel.Event.moved(to: "\($0)") }
                try await depot.application.store.append(events, to: Parcel.ID("a"), expecting: .any)
            }
            try await depot.move("b", to: "road")
            try await depot.running {
                try await depot.catchUp()
                #expect(try await depot.places(of: "b") == ["road"])
                #expect(try await moves.parkedKeys().map(\.count) == [3001])
                depot.trouble.end()
                #expect(try await moves.retry("parcel-a").projected == 3001)
                #expect(try await depot.places(of: "a") == (0...3000).map(String.init))
            }
        }
    }
}

extension Depot {
    fileprivate func retryUntilFree(_ moves: ProjectionHandle) async throws {
        while try await !moves.retryAll().isEmpty {}
    }
}
