/// What a keyed container looks at: one object of a payload. Containers are used again, and then look at another.
final class PayloadView<Key: CodingKey> {
    /// Not counted: the decoding keeps its document alive, and `owner` does for what outlives the decoding.
    @exclusivity(unchecked) private(set) var document: Unmanaged<PayloadDocument>
    @exclusivity(unchecked) private(set) var object: Int
    @exclusivity(unchecked) private var owner: PayloadDocument?
    /// The keys of the cases met so far: to make an array costs more than to find one.
    @exclusivity(unchecked) private var cases: CaseKeys<Key>?

    init(_ document: PayloadDocument, _ object: Int, ownsDocument: Bool) {
        self.document = Unmanaged.passUnretained(document)
        self.object = object
        owner = ownsDocument ? document : nil
    }

    @inline(__always)
    func look(at object: Int, of document: PayloadDocument) {
        self.document = Unmanaged.passUnretained(document)
        self.object = object
    }

    /// Keeps the document alive from now on.
    func keepDocument() { owner = document.takeUnretainedValue() }

    /// The one key of the case `name`, in an array; nil when the type has no such key.
    func keys(ofCase name: String) -> [Key]? {
        var known = cases
        while let some = known {
            if some.name == name { return some.keys }
            known = some.next
        }
        return newKeys(ofCase: name)
    }

    private func newKeys(ofCase name: String) -> [Key]? {
        guard let key = Key(stringValue: name) else { return nil }
        if (cases?.count ?? 0) < CaseKeys<Key>.maximumCount { cases = CaseKeys(name: name, keys: [key], next: cases) }
        return [key]
    }
}

/// A list of case names, each with its key in an array.
private final class CaseKeys<Key: CodingKey> {
    let name: String
    let keys: [Key]
    let next: CaseKeys<Key>?
    let count: Int

    static var maximumCount: Int { 64 }

    init(name: String, keys: [Key], next: CaseKeys<Key>?) {
        self.name = name
        self.keys = keys
        self.next = next
        count = (next?.count ?? 0) + 1
    }
}
