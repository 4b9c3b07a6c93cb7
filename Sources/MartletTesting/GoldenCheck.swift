import MartletDomain
import MartletEventStore
import MartletJSON

/// One comparison of an aggregate's events with its golden files.
struct GoldenCheck<A: Aggregate> {
    typealias Name = GoldenDirectory.Name

    let directory: GoldenDirectory
    let isRecording: Bool
    private(set) var problems: [String] = []
    private let codec = EventCodec()
    /// What the samples are stored as, by type.
    private var today: [String: EncodedPayload] = [:]

    init(directory: GoldenDirectory, isRecording: Bool) {
        self.directory = directory
        self.isRecording = isRecording
    }

    mutating func run(_ samples: [A.Event]) throws {
        if let flaw = codec.flaw(of: A.self) { return problems.append(flaw) }
        for sample in samples { encode(sample) }
        requireSamples()
        requireOlderFiles()
        for file in directory.strangers {
            problems.append("\(file): expected a name like \(A.category).happened.v1.json")
        }
        for encoded in today.values.sorted(by: { $0.type < $1.type }) { try compareCurrent(encoded) }
        for name in directory.payloads.sorted() { try read(name) }
        for name in directory.expectations.sorted() where !directory.payloads.contains(name) || isCurrent(name) {
            problems.append("\(name.todayFile): expected it beside a payload of an older version, found none")
        }
    }

    private mutating func encode(_ sample: A.Event) {
        do {
            let encoded = try codec.encode(sample, of: A.self)
            let other = today.updateValue(encoded, forKey: encoded.type)
            if other != nil { problems.append("\(encoded.type): expected one sample, found several") }
        } catch {
            problems.append("a sample cannot be stored: \(error)")
        }
    }

    /// Every case of the enum that is written today.
    private mutating func requireSamples() {
        let history = A.Event.history
        for name in CaseNames.all(of: A.Event.self) ?? [] where history[name].today == name {
            guard today["\(A.category).\(name)"] == nil else { continue }
            problems.append("\(A.category).\(name): expected a sample of this case, found none")
        }
    }

    /// What each upcaster starts from, and each old name.
    private mutating func requireOlderFiles() {
        for (name, stored) in A.Event.history.storedNames.sorted(by: { $0.key < $1.key }) where stored.today != nil {
            for version in 1..<stored.newestVersion + (stored.today == name ? 0 : 1) {
                let file = Name(type: "\(A.category).\(name)", version: version)
                guard !directory.payloads.contains(file) else { continue }
                problems.append("\(file.payloadFile): expected a payload as it was stored then, found no file")
            }
        }
    }

    private mutating func compareCurrent(_ encoded: EncodedPayload) throws {
        let name = Name(type: encoded.type, version: Int(encoded.typeVersion))
        let payload = try JSONValue(parsing: encoded.payload)
        guard directory.payloads.contains(name) else {
            return try record(
                payload, as: name.payloadFile, or: "expected the stored form of the sample, found no file")
        }
        let onFile = try directory.read(name.payloadFile)
        guard onFile.canonical != payload.canonical else { return }
        problems.append(
            """
            \(name.payloadFile): the sample is not stored as it was: a new shape takes an upcaster, \
            .upcast("\(encoded.type.dropFirst(A.category.count + 1))", from: \(name.version))
              expected \(onFile.text)
              found    \(payload.text)
            """)
    }

    /// Reads a payload as a store would, and compares what has become of it.
    private mutating func read(_ name: Name) throws {
        let prefix = "\(A.category)."
        guard name.type.hasPrefix(prefix) else {
            return problems.append("\(name.payloadFile): expected a type of category \"\(A.category)\"")
        }
        let payload = try directory.read(name.payloadFile)
        let encoded: EncodedPayload?
        do {
            let event = try codec.decode(
                String(name.type.dropFirst(prefix.count)), name.version, payload.bytes, of: A.self)
            encoded = try event.map { try codec.encode($0, of: A.self) }
        } catch {
            return problems.append("\(name.payloadFile): cannot be read any more: \(error)")
        }
        if let encoded, today[encoded.type] == nil {
            problems.append("\(name.payloadFile): expected a sample of \(encoded.type), as which it reads, found none")
        }
        if isCurrent(name) {
            try compare(encoded.map { try JSONValue(parsing: $0.payload) } ?? .null, with: payload, name.payloadFile)
        } else {
            try compareOlder(encoded, name)
        }
    }

    private func isCurrent(_ name: Name) -> Bool {
        today[name.type].map { Int($0.typeVersion) == name.version } ?? false
    }

    private mutating func compareOlder(_ encoded: EncodedPayload?, _ name: Name) throws {
        let found = try encoded?.golden ?? .null
        guard directory.expectations.contains(name) else {
            return try record(found, as: name.todayFile, or: "expected what the payload reads as today, found no file")
        }
        let expected = try directory.read(name.todayFile)
        if isRecording, expected.canonical != found.canonical {
            return try record(found, as: name.todayFile, or: "")
        }
        try compare(found, with: expected, name.todayFile)
    }

    private mutating func compare(_ found: JSONValue, with expected: JSONValue, _ file: String) throws {
        guard found.canonical != expected.canonical else { return }
        problems.append("\(file): it does not read as it did\n  expected \(expected.text)\n  found    \(found.text)")
    }

    private mutating func record(_ value: JSONValue, as file: String, or problem: String) throws {
        guard isRecording else {
            return problems.append("\(file): \(problem); MARTLET_RECORD_GOLDEN=1 writes it: \(value.text)")
        }
        try directory.write(value, to: file)
        problems.append("\(file): recorded; look at it, check it in and run the test without recording")
    }
}

extension EncodedPayload {
    /// As the file beside an older payload has it.
    fileprivate var golden: JSONValue {
        get throws {
            [
                "type": .string(type), "version": .number(JSONNumber(typeVersion)),
                "payload": try JSONValue(parsing: payload),
            ]
        }
    }
}
