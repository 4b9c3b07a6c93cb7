import Foundation
import Martlet
import MartletTesting
import Testing

@testable import MartletCLI

@Suite(.tags(.database)) struct ReplayCommandTests {
    private func run(_ words: String..., on depot: Depot) async throws -> (text: String, exitCode: ExitCode) {
        try await PublicationsCommand(depot.outsider).run(try PublicationsCommand.syntax.parse(words))
    }

    @Test(arguments: Place.allCases)
    func `the command fills another topic, and once more leaves nothing twice`(place: Place) async throws {
        try await Depot.with(place) { depot in
            try await depot.load(parcels: 3, steps: 4)
            for _ in 1...2 {
                let (text, exitCode) = try await run("replay", "parcel_messages", "--into", "again", on: depot)
                #expect(exitCode == .success)
                #expect(text.hasPrefix("replayed 12 messages of \"parcel_messages\" into \"again\","))
                #expect(text.hasSuffix(" of the events up to position 12"))
                #expect(try await depot.records(of: "again").count == 12)
            }
        }
    }

    @Test func `the command begins behind a position, and answers a program in JSON`() async throws {
        try await Depot.with(.own) { depot in
            for step in 1...5 { try await depot.move("a", step) }
            let (json, _) = try await run(
                "replay", "parcel_messages", "--into", "late", "--after", "3", "--json", on: depot)
            #expect(json == #"{"name":"parcel_messages","topic":"late","after":3,"position":5,"messages":2}"#)
            #expect(try await depot.moves(in: "late")["a"]?.map(\.step) == [4, 5])
            let (text, exitCode) = try await run(
                "replay", "parcel_messages", "--into", "late", "--after", "5", on: depot)
            #expect(text == "nothing has happened after position 5" && exitCode == .success)
        }
    }

    @Test func `a publication's own topic takes no replay: whoever reads it would have all twice`() async throws {
        try await Depot.with(.own) { depot in
            try await depot.move("a", 1)
            let refusal = PublicationError.intoOwnTopic(publication: "parcel_messages", "parcels")
            await #expect(throws: refusal) { try await depot.publication.replay(into: "parcels") }
            await #expect(throws: refusal) {
                try await run("replay", "parcel_messages", "--into", "parcels", on: depot)
            }
            let program = Program("depot", "a depot", commands: [PublicationsCommand(depot.outsider).command])
            let exitCode = await program.run(["publications", "replay", "parcel_messages", "--into", "parcels"])
            #expect(exitCode == .failure)
            #expect(try await depot.records().count == 0)
        }
    }

    @Test(arguments: [
        (["replay"], "expected NAME, found nothing"), (["replay", "news"], "expected --into, found nothing"),
        (["replay", "news", "a", "--into", "x"], "expected nothing behind \"replay NAME\", found \"a\""),
        (["replay", "news", "--into", "x", "--yes"], "option \"--yes\" does not go with \"replay\""),
        (["replay", "news", "--into", "x", "--by", "ada"], "option \"--by\" does not go with \"replay\""),
        (["status", "--into", "x"], "option \"--into\" does not go with \"status\""),
        (["--after", "3"], "option \"--after\" does not go with \"status\""),
        (
            ["replay", "news", "--into", "x", "--after=-1"],
            "option \"--after\": expected a number from 0 to 9223372036854775807, found \"-1\""
        ),
    ])
    func `a line that makes no sense is refused before anything is sent`(words: [String], problem: String) {
        #expect(throws: UsageError(problem)) {
            try PublicationsCommand.replay(try PublicationsCommand.syntax.parse(words))
        }
    }

    @Test func `the name of no publication and of no topic is refused`() async throws {
        try await Depot.with(.own) { depot in
            let names = "parcel_messages, outbox"
            await #expect(throws: UsageError("expected one of the publications \(names), found \"news\"")) {
                try await run("replay", "news", "--into", "again", on: depot)
            }
            await #expect(throws: UsageError.self) {
                try await run("replay", "parcel_messages", "--into", "no topic", on: depot)
            }
            let verbs = "status, pause, resume, parked, show, retry, discard, skip, replay"
            await #expect(throws: UsageError("expected one of \(verbs), found \"stop\"")) {
                try await run("stop", on: depot)
            }
        }
    }
}
