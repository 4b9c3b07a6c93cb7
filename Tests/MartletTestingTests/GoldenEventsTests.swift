import Martlet
import MartletTesting
import Testing

struct GoldenEventsTests {
    /// What is wrong with these files.
    private func problems(
        _ samples: [Parcel.Event] = Parcel.samples, in folder: GoldenFolder, record: Bool = false
    ) throws -> [String] {
        do {
            try GoldenEvents.verify(Parcel.self, samples: samples, directory: folder.path, record: record)
            return []
        } catch let error as GoldenEventsError {
            return error.problems
        }
    }

    private func problems(
        changing file: String, to text: String?, samples: [Parcel.Event] = Parcel.samples
    ) throws -> [String] {
        var files = Parcel.golden
        files[file] = text
        var found: [String] = []
        try GoldenFolder.with(files) { folder throws in found = try problems(samples, in: folder) }
        return found
    }

    @Test func `files that agree, whatever their spaces and order, are no problem`() throws {
        try GoldenFolder.with(Parcel.golden) { folder throws in #expect(try problems(in: folder) == []) }
    }

    @Test func `files that are missing are told and not written`() throws {
        try GoldenFolder.with { folder throws in
            #expect(
                try problems(in: folder) == [
                    "parcel.posted.v1.json: expected a payload as it was stored then, found no file",
                    "parcel.sent.v1.json: expected a payload as it was stored then, found no file",
                    "parcel.gone.v1.json: expected the stored form of the sample, found no file; "
                        + "MARTLET_RECORD_GOLDEN=1 writes it: {}",
                    "parcel.sent.v2.json: expected the stored form of the sample, found no file; "
                        + #"MARTLET_RECORD_GOLDEN=1 writes it: {"to":"Turku","grams":2000}"#,
                ])
            #expect(try folder.files == [])
        }
    }

    @Test func `recording writes what is missing, fails, and is content the next time`() throws {
        let older = Parcel.golden.filter { name, _ in name.hasSuffix(".v1.json") && !name.hasPrefix("parcel.gone") }
        try GoldenFolder.with(older) { folder throws in
            let recorded = try problems(in: folder, record: true)
            #expect(recorded.count == 5)
            #expect(
                recorded.allSatisfy {
                    $0.hasSuffix("recorded; look at it, check it in and run the test without recording")
                })
            #expect(try folder.files == Parcel.golden.keys.sorted())
            #expect(try folder.text("parcel.sent.v2.json") == "{\n  \"to\": \"Turku\",\n  \"grams\": 2000\n}\n")
            #expect(try folder.text("parcel.weighed.v1.today.json") == "null\n")
            #expect(try problems(in: folder, record: true) == [])
            #expect(try problems(in: folder) == [])
        }
    }

    @Test func `a payload that is there is never written over`() throws {
        try GoldenFolder.with(["parcel.gone.v1.json": #"{"why":"rain"}"#]) { folder throws in
            let found = try problems(in: folder, record: true)
            #expect(found.contains { $0.hasPrefix("parcel.gone.v1.json: the sample is not stored as it was") })
            #expect(try folder.text("parcel.gone.v1.json") == #"{"why":"rain"}"#)
        }
    }

    @Test func `a changed shape without an upcaster is told with both and the way out`() throws {
        #expect(
            try problems(changing: "parcel.sent.v2.json", to: #"{"to":"Turku","grams":1999}"#) == [
                """
                parcel.sent.v2.json: the sample is not stored as it was: a new shape takes an upcaster, .upcast("sent", from: 2)
                  expected {"to":"Turku","grams":1999}
                  found    {"to":"Turku","grams":2000}
                """
            ])
    }

    @Test func `an older file that reads otherwise than it did is told with both`() throws {
        #expect(
            try problems(changing: "parcel.sent.v1.json", to: #"{"to":"Oulu","kilos":4}"#) == [
                """
                parcel.sent.v1.today.json: it does not read as it did
                  expected {"type":"parcel.sent","version":2,"payload":{"to":"Oulu","grams":3000}}
                  found    {"type":"parcel.sent","version":2,"payload":{"to":"Oulu","grams":4000}}
                """
            ])
    }

    @Test(
        arguments: [
            (
                "parcel.sent.v1.json", #"{"kilos":3}"#,
                "parcel.sent.v1.json: cannot be read any more: upcast from version 1"
            ),
            (
                "parcel.sent.v3.json", "{}",
                "parcel.sent.v3.json: cannot be read any more: written by a newer version: expected at most 2, found 3"
            ),
            (
                "parcel.snet.v1.json", "{}",
                "parcel.snet.v1.json: cannot be read any more: case \"snet\": expected a case of"
            ),
            ("order.sent.v1.json", "{}", "order.sent.v1.json: expected a type of category \"parcel\""),
            ("parcel.sent.json", "{}", "parcel.sent.json: expected a name like parcel.happened.v1.json"),
            ("parcel.sent.v0.json", "{}", "parcel.sent.v0.json: expected a name like parcel.happened.v1.json"),
            ("parcel.sent.v2.json", "{", "parcel.sent.v2.json: payload byte 1"),
            (
                "parcel.sent.v2.today.json", "{}",
                "parcel.sent.v2.today.json: expected it beside a payload of an older version, found none"
            ),
            (
                "parcel.posted.v1.json", nil,
                "parcel.posted.v1.json: expected a payload as it was stored then, found no file"
            ),
            ("parcel.weighed.v1.today.json", "{}", "parcel.weighed.v1.today.json: it does not read as it did"),
        ] as [(String, String?, String)])
    func `a file that should not be as it is, is told by its name`(file: String, text: String?, problem: String) throws
    {
        let found = try problems(changing: file, to: text)
        #expect(found.contains { $0.hasPrefix(problem) }, "\(found)")
    }

    @Test func `a case without a sample is told, by its wire name`() throws {
        let found = try problems(changing: "parcel.gone.v1.json", to: nil, samples: [.sent(to: "Turku", grams: 2000)])
        #expect(found == ["parcel.gone: expected a sample of this case, found none"])
    }

    @Test func `two samples of a case are told`() throws {
        let found = try problems(changing: "-", to: nil, samples: Parcel.samples + [.lost])
        #expect(found == ["parcel.gone: expected one sample, found several"])
    }

    @Test func `a directory is found beside the test's file`() throws {
        try GoldenFolder.with(Parcel.golden) { folder throws in
            try GoldenEvents.verify(
                Parcel.self, samples: Parcel.samples, directory: "", record: false, from: folder.path + "/Tests.swift")
        }
    }
}
