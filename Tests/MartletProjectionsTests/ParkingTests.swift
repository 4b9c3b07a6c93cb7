import Martlet
import MartletTesting
import Testing

@Suite(.tags(.database)) struct ParkingTests {
    /// Parcels of which the first move of "a" is parked, and the next two wait.
    private func openWithParkedKey(_ body: (Depot, ProjectionHandle) async throws -> Void) async throws {
        try await Depot.open {
            Moves(trouble: $0)
        } _: { depot in
            depot.trouble.begin(at: "bog")
            try await depot.running {
                try await depot.move("a", to: "bog")
                for place in ["road", "town"] { try await depot.move("a", to: place) }
                for parcel in ["b", "c", "d", "e", "f"] { try await depot.move(parcel, to: "road") }
                try await depot.catchUp()
                try await body(depot, depot.application.projection(Moves.self))
            }
        }
    }

    @Test func `a poison event parks its key, and the others go on in both partitions`() async throws {
        try await openWithParkedKey { depot, moves in
            for parcel in ["b", "c", "d", "e", "f"] { #expect(try await depot.places(of: parcel) == ["road"]) }
            #expect(try await depot.places(of: "a").isEmpty)

            let key = try #require(try await moves.parkedKeys().first)
            #expect((key.key, key.count, key.position, key.attempts) == ("parcel-a", 3, 1, 2))
            #expect((key.type, key.stream.description) == ("parcel.moved", "parcel-a"))
            #expect(key.problem == "broken at \"bog\"")
            let events = try await moves.parkedEvents(of: "parcel-a")
            #expect(events.map(\.position) == [1, 2, 3])
            #expect(events.map(\.payload) == ["bog", "road", "town"].map { "{\"to\":\"\($0)\"}" })
            #expect(events.map(\.problem) == ["broken at \"bog\"", nil, nil])
            #expect(try await moves.status().parkedKeys == 1)
            #expect(depot.incidents.all.map(\.kind) == [.parked])
            #expect(depot.incidents.all.first?.description.contains("(stream \"parcel-a\"): broken at \"bog\"") == true)
        }
    }

    @Test func `a retry that fails says so, and one after the fix keeps the order`() async throws {
        try await openWithParkedKey { depot, moves in
            let again = try await moves.retry("parcel-a")
            #expect((again.key, again.projected, again.problem) == ("parcel-a", 0, "broken at \"bog\""))
            #expect(try await moves.parkedKeys().first?.attempts == 3)

            depot.trouble.end()
            let mended = try #require(try await moves.retryAll().first)
            #expect((mended.key, mended.projected, mended.problem) == ("parcel-a", 3, nil))
            #expect(try await moves.parkedKeys().isEmpty)
            try await depot.move("a", to: "door")
            try await depot.catchUp()
            #expect(try await depot.places(of: "a") == ["bog", "road", "town", "door"])
            await #expect(throws: ParkingError.nothingParked(projection: "moves", key: "parcel-a")) {
                try await moves.retry("parcel-a")
            }
        }
    }

    @Test func `a retry stops at the event behind the first that fails, too`() async throws {
        try await openWithParkedKey { depot, moves in
            depot.trouble.end()
            depot.trouble.begin(at: "town")
            let outcome = try await moves.retry("parcel-a")
            #expect((outcome.projected, outcome.problem) == (2, "broken at \"town\""))
            let key = try #require(try await moves.parkedKeys().first)
            #expect((key.position, key.count, key.attempts) == (3, 1, 1))
            #expect(try await depot.places(of: "a") == ["bog", "road"])
        }
    }

    @Test func `what is discarded is recorded with a reason and an actor, and the rest can be retried`() async throws {
        try await openWithParkedKey { depot, moves in
            for (reason, actor, missing) in [(" ", "ada", "a reason"), ("spoilt", "", "an actor")] {
                await #expect(throws: ParkingError.unexplained(missing: missing)) {
                    try await moves.discard("parcel-a", reason: reason, by: actor)
                }
            }
            #expect(try await moves.discard("parcel-a", reason: "spoilt", by: "ada") == 1)
            #expect(try await moves.retry("parcel-a").projected == 2)
            #expect(try await depot.places(of: "a") == ["road", "town"])

            let row = try #require(
                try await depot.application.pool.query(
                    """
                    SELECT position, reason, actor, ended_at IS NOT NULL FROM martlet.dead_letters
                    WHERE state = 'discarded'
                    """
                ).first)
            #expect(try row.decode(Int.self, String.self, String.self, Bool.self) == (1, "spoilt", "ada", true))
        }
    }

    @Test func `a whole key can be discarded, and goes on with what comes next`() async throws {
        try await openWithParkedKey { depot, moves in
            #expect(try await moves.discardAll("parcel-a", reason: "lost", by: "ada") == 3)
            try await depot.move("a", to: "door")
            try await depot.catchUp()
            #expect(try await depot.places(of: "a") == ["door"])
            await #expect(throws: ParkingError.nothingParked(projection: "moves", key: "parcel-a")) {
                try await moves.discard("parcel-a", reason: "lost", by: "ada")
            }
        }
    }

    @Test(arguments: ["reason = NULL, actor = 'ada'", "reason = 'spoilt', actor = NULL", "reason = '', actor = 'ada'"])
    func `the database itself takes no decision without a reason and an actor`(assignments: String) async throws {
        try await openWithParkedKey { depot, _ in
            let decision = SQL(trusted: "UPDATE martlet.dead_letters SET state = 'discarded', \(assignments)")
            let error = await #expect(throws: PostgresError.self) {
                try await depot.application.pool.execute(decision)
            }
            #expect(error?.constraint == "dead_letters_reason_check")
        }
    }

    @Test func `a row of a table is a key, whatever streams its events are in`() async throws {
        try await Depot.open {
            Places(trouble: $0)
        } _: { depot in
            depot.trouble.begin(at: "a at bog")
            let places = depot.application.projection(Places.self)
            try await depot.running {
                for (parcel, place) in [("a", "bog"), ("b", "bog"), ("a", "town"), ("c", "bog"), ("b", "town")] {
                    try await depot.move(parcel, to: place)
                }
                try await depot.catchUp()
                #expect(try await depot.parcels(at: "bog") == nil)
                #expect(try await depot.parcels(at: "town") == "ab")
                #expect(try await places.parkedKeys().map(\.key) == ["bog"])

                depot.trouble.end()
                #expect(try await places.retry("bog").projected == 3)
                try await depot.move("d", to: "bog")
                try await depot.catchUp()
                #expect(try await depot.parcels(at: "bog") == "abcd")
            }
        }
    }

    @Test func `what cannot be read is parked at once by its stream`() async throws {
        try await Depot.open {
            Moves(trouble: $0)
        } _: { depot in
            try await depot.move("a", to: "road")
            try await depot.plant(in: "a")
            // Without a look at the stream, which cannot be loaded.
            try await depot.application.store.append([.moved(to: "town")], to: Parcel.ID("a"), expecting: .any)
            try await depot.move("b", to: "road")
            try await depot.running {
                try await depot.catchUp()
                let moves = depot.application.projection(Moves.self)
                let key = try #require(try await moves.parkedKeys().first)
                #expect((key.key, key.position, key.count, key.attempts) == ("parcel-a", 2, 2, 1))
                #expect(try await depot.places(of: "a") == ["road"])
                #expect(try await depot.places(of: "b") == ["road"])
                #expect(try await moves.retry("parcel-a").problem?.contains("parcel.moved") == true)
            }
        }
    }

    @Test func `what cannot be read stops a projection whose keys it would tell`() async throws {
        try await Depot.open {
            Places(trouble: $0)
        } _: { depot in
            try await depot.move("a", to: "road")
            try await depot.plant(in: "a")
            try await depot.running {
                let places = depot.application.projection(Places.self)
                let reason = try await depot.stopped(places)
                #expect(reason.contains("at position 2"))
                #expect(try await places.parkedKeys().isEmpty)
                #expect(depot.incidents.all.map(\.kind) == [.stopped])
            }
        }
    }
}
