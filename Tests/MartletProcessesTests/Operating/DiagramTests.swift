import Martlet
import MartletTesting
import Testing

@testable import MartletProcesses

struct DiagramTests {
    @Test(.tags(.database)) func `a diagram has what was done and how often`() async throws {
        try await TravelAgency.with { agency in
            for trip in ["1", "2", "3"] {
                try await agency.order(.plan, trip)
                _ = try await agency.report(on: trip) { $0.life?.phase == "booked" }
            }
            // One that begins to be compensated in another phase goes the same ways from there.
            agency.hotel.answer.withLock { $0 = .no }
            try await agency.order(.plan, "4")
            _ = try await agency.report(on: "4") { $0.life?.status == .compensated }
            try await agency.order(.note("remind twice"), "3")
            let deadline = ContinuousClock.now + .seconds(20)
            while try await agency.travel.history(of: "3").count < 5 {
                try #require(ContinuousClock.now < deadline)
                try await Task.sleep(for: .milliseconds(10))
            }
            try await agency.order(.note("arrived"), "1")
            try await agency.order(.callOff, "2")
            _ = try await agency.report(on: "1") { $0.life?.status == .completed }
            _ = try await agency.report(on: "2") { $0.life?.status == .compensated }
            try await agency.order(.note("too late"), "1")
            #expect(
                try await agency.travel.diagram() == """
                    stateDiagram-v2
                        state "booking" as s1
                        state "booked" as s2
                        state "compensating" as s3
                        [*] --> s1: trip.planned / call book (4×)
                        s1 --> s2: book answered (3×)
                        s1 --> s3: book answered / undo call unbook (1×)
                        s2 --> s3: trip.calledOff / undo call unbook (1×)
                        s2 --> [*]: trip.noted = completed (1×)
                        s2 --> s2: trip.noted / command remind (1×)
                        s3 --> [*]: unbook answered = compensated (2×)
                        s2 --> s2: trip.noted (2×)
                    """)
            #expect(try await agency.travel.diagram(ofLatest: 1).contains("trip.planned / call book (1×)"))
        }
    }

    @Test(arguments: [
        ("order.paid", "order.paid"), ("a: b; c", "a#58; b#59; c"), ("x --> y", "x -#45;#62; y"),
        ("\"quoted\"", "#34;quoted#34;"), ("two\nlines", "two lines"), ("%% no {note}", "#37;#37; no #123;note#125;"),
        ("#35;", "#35;35#59;"), ("é für 日本", "é für 日本"), ("", " "), ("👍", "#128077;"),
    ])
    func `what means something to Mermaid is escaped`(text: String, escaped: String) {
        #expect(text.mermaid == escaped)
    }

    @Test func `a phase may have any name, also that of a keyword`() {
        let step = ProcessDiagram.Step(
            from: nil, to: .init(status: .running, phase: "end note"), input: "a", effects: "", count: 1)
        #expect(
            ProcessDiagram(steps: [step]).text == """
                stateDiagram-v2
                    state "end note" as s1
                    [*] --> s1: a (1×)
                """)
    }
}
