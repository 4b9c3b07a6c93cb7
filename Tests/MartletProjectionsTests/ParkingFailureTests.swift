import Martlet
import MartletPostgres
import MartletTesting
import Testing

/// What happens when parking itself is hard: no place to write to, a process that dies, an absent database.
@Suite(.tags(.database)) struct ParkingFailureTests {
    @Test func `a projection that stops goes on where it stopped once it is mended and resumed`() async throws {
        try await Depot.open {
            Arrivals(trouble: $0)
        } _: { depot in
            depot.trouble.begin(at: "bog")
            let arrivals = depot.application.projection(Arrivals.self)
            try await depot.running {
                for place in ["road", "bog", "town"] { try await depot.move("a", to: place) }
                #expect(try await depot.stopped(arrivals).contains("broken at \"bog\""))
                #expect(try await arrivals.status().position == 1)
                #expect(depot.incidents.all.map(\.kind) == [.stopped])

                depot.trouble.end()
                try await arrivals.resume()
                try await depot.catchUp()
                #expect(try await arrivals.status().state == .running)
            }
            let rows = try await depot.application.pool.query("SELECT place FROM read_models.arrivals")
            let places = try rows.map { row in try row.decode(String.self) }
            #expect(places == ["road", "bog", "town"])
        }
    }

    /// The functions do not say that they are missing by being so, but by themselves, so that they can count it.
    @Test(arguments: [
        "log_page(bigint, integer) RETURNS SETOF martlet.events",
        "move_checkpoint(bigint, smallint, bigint, bigint, bigint, bigint[], uuid[]) RETURNS bigint",
    ])
    func `who runs before its migration waits for that, and holds no event to blame`(function: String) async throws {
        try await Depot.open {
            Arrivals(trouble: $0)
        } _: { depot in
            let signature = String(function.prefix { $0 != ")" }) + ")"
            let name = String(function.prefix { $0 != "(" })
            let connection = try await Connection.open(depot.application.pool.configuration)
            try await connection.run(
                script: """
                    CREATE SEQUENCE calls;
                    ALTER FUNCTION martlet.\(signature) RENAME TO of_a_later_migration;
                    CREATE FUNCTION martlet.\(function) LANGUAGE plpgsql AS $$
                    BEGIN PERFORM nextval('calls'); RAISE undefined_function; END $$
                    """)
            try await depot.running {
                for place in ["road", "town"] { try await depot.move("a", to: place) }
                let more = Arrivals.onFailure.attempts + 2
                try await depot.wait {
                    try await connection.query("SELECT last_value FROM calls")[0].decode(Int.self) > more
                }
                try await connection.run(
                    script: """
                        DROP FUNCTION martlet.\(signature);
                        ALTER FUNCTION martlet.of_a_later_migration RENAME TO \(name)
                        """)
                try await depot.catchUp()
            }
            #expect(depot.incidents.all.isEmpty)
            #expect(try await connection.query("SELECT FROM read_models.arrivals").count == 2)
        }
    }

    @Test func `only the event before which a projection has stopped can be skipped`() async throws {
        try await Depot.open {
            Arrivals(trouble: $0)
        } _: { depot in
            depot.trouble.begin(at: "bog")
            let arrivals = depot.application.projection(Arrivals.self)
            try await depot.running {
                for place in ["road", "bog", "town"] { try await depot.move("a", to: place) }
                _ = try await depot.stopped(arrivals)
                for position in [1, 3, 4, 0] as [GlobalPosition] {
                    await #expect(throws: ParkingError.notStoppedBefore(position, projection: "arrivals")) {
                        try await arrivals.skip(position, reason: "spoilt", by: "ada")
                    }
                }
                try await arrivals.skip(2, reason: "spoilt", by: "ada")
                try await arrivals.resume()
                try await depot.catchUp()
                await #expect(throws: ParkingError.notStoppedBefore(2, projection: "arrivals")) {
                    try await arrivals.skip(2, reason: "spoilt", by: "ada")
                }
            }
            let pool = depot.application.pool
            let rows = try await pool.query("SELECT place FROM read_models.arrivals")
            let places = try rows.map { row in try row.decode(String.self) }
            #expect(places == ["road", "town"])
            let letter = try await pool.query("SELECT position, state, reason, actor FROM martlet.dead_letters")[0]
            let found = try letter.decode(Int.self, String.self, String.self, String.self)
            #expect(found == (2, "discarded", "spoilt", "ada"))
        }
    }

    @Test func `a dead letter that cannot be written stops the projection loudly`() async throws {
        try await Depot.open {
            Moves(trouble: $0)
        } _: { depot in
            try await depot.application.pool.execute(
                """
                CREATE FUNCTION martlet.refuse() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION 'no room for dead letters'; END $$
                """)
            try await depot.application.pool.execute(
                """
                CREATE TRIGGER refuse BEFORE INSERT ON martlet.dead_letters
                FOR EACH ROW EXECUTE FUNCTION martlet.refuse()
                """)
            depot.trouble.begin(at: "bog")
            let moves = depot.application.projection(Moves.self)
            try await depot.running {
                try await depot.move("a", to: "bog")
                try await depot.move("a", to: "town")
                #expect(try await depot.stopped(moves).contains("it cannot be parked either"))
                #expect(depot.incidents.all.map(\.kind) == [.stopped])
                #expect(try await moves.status().position == 0)
                #expect(try await depot.places(of: "a").isEmpty)

                try await depot.application.pool.execute("DROP TRIGGER refuse ON martlet.dead_letters")
                try await moves.resume()
                try await depot.catchUp()
                #expect(try await moves.parkedKeys().map(\.count) == [2])
            }
        }
    }

    @Test func `an absent database is no fault of the event, however often it is away`() async throws {
        try await Depot.open {
            Moves(trouble: $0)
        } _: { depot in
            let away = PostgresError(sqlState: .cannotConnectNow, message: "away")
            depot.trouble.begin(at: "road", away)
            // As a process leaves it that has died in the midst of its first event.
            try await depot.application.pool.execute("UPDATE martlet.projection_partitions SET claimed_position = 0")
            try await depot.running {
                try await depot.move("a", to: "road")
                try await depot.wait { depot.trouble.tries > 4 }
                let status = try await depot.application.projection(Moves.self).status()
                #expect((status.state, status.parkedKeys) == (.running, 0))
                depot.trouble.end()
                try await depot.catchUp()
                #expect(try await depot.places(of: "a") == ["road"])
                #expect(try await depot.application.projection(Moves.self).parkedKeys().isEmpty)
            }
        }
    }

    /// Leaves the database as processes do that died as often as they may while they projected the first event.
    private func dieTooOften(_ depot: Depot) async throws {
        try await depot.application.pool.execute(
            "UPDATE martlet.projection_partitions SET tried_position = 1, tries = 2")
    }

    @Test func `an event that ended the process too often is parked without another try`() async throws {
        try await Depot.open {
            Moves(trouble: $0)
        } _: { depot in
            try await depot.move("a", to: "cliff")
            try await dieTooOften(depot)
            try await depot.running {
                try await depot.catchUp()
                #expect(depot.trouble.tries == 0)
                let moves = depot.application.projection(Moves.self)
                #expect(try await moves.parkedKeys().map(\.attempts) == [2])
                #expect(try await moves.retry("parcel-a").projected == 1)
            }
        }
    }

    @Test func `an event that ended the process too often stops a projection that parks none`() async throws {
        try await Depot.open {
            Arrivals(trouble: $0)
        } _: { depot in
            try await depot.move("a", to: "cliff")
            try await dieTooOften(depot)
            let arrivals = depot.application.projection(Arrivals.self)
            try await depot.running {
                #expect(try await depot.stopped(arrivals).contains("the process died each time"))
                #expect(depot.trouble.tries == 0)
                try await arrivals.resume()
                try await depot.catchUp()
            }
            #expect(depot.trouble.tries == 1)
        }
    }

    @Test func `an error that has passed is told no more`() async throws {
        try await Depot.open {
            Moves(trouble: $0)
        } _: { depot in
            depot.trouble.begin(at: "road", PostgresError(sqlState: .cannotConnectNow, message: "away"))
            let moves = depot.application.projection(Moves.self)
            try await depot.running {
                try await depot.move("a", to: "road")
                try await depot.wait { try await moves.status().lastError?.contains("away") == true }
                depot.trouble.end()
                try await depot.wait { try await moves.status().lastError == nil }
                #expect(try await moves.status().partitions.allSatisfy { $0.member != nil })
                try await depot.wait { try await moves.status().rate == 0 }
            }
            let status = try await moves.status()
            #expect(status.partitions.allSatisfy { $0.member == nil && $0.rate == 0 })
        }
    }

    @Test func `nothing moves between a pause and the resumption, and nothing is lost`() async throws {
        try await Depot.open {
            Moves(trouble: $0)
        } _: { depot in
            let moves = depot.application.projection(Moves.self)
            try await depot.running {
                for number in 1...60 {
                    try await depot.move("\(number % 5)", to: "\(number)")
                    if number == 20 { try await moves.pause(because: "the disk is moved") }
                    if number == 40 {
                        let status = try await moves.status()
                        #expect(status.state == .paused(reason: "the disk is moved"))
                        #expect(status.position <= 20)
                        #expect(status.lag >= 20 && status.lagTime > .zero)
                        #expect(try await moves.status().position == status.position)
                        try await moves.resume()
                    }
                }
                try await depot.catchUp()
            }
            for parcel in 0..<5 {
                let places = (1...60).filter { $0 % 5 == parcel }.map(String.init)
                #expect(try await depot.places(of: "\(parcel)") == places)
            }
        }
    }

    @Test func `a status is JSON of plain words and numbers`() async throws {
        try await Depot.open {
            Moves(trouble: $0)
        } _: { depot in
            let moves = depot.application.projection(Moves.self)
            try await moves.pause(because: "a \"holiday\"")
            try await depot.move("a", to: "road")
            let status = try await moves.status()
            let object = try #require(try readBack(status))
            #expect(object["state"] as? String == "paused")
            #expect(object["reason"] as? String == "a \"holiday\"")
            #expect(object["lag"] as? Int == 1)
            #expect((object["lagSeconds"] as? Double ?? 0) > 0)
            let partitions = try #require(object["partitions"] as? [[String: Any]])
            #expect(partitions.map { $0["partition"] as? Int } == [0, 1])
        }
    }
}
