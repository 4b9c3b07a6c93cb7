import FoundationEssentials

/// A scanned payload: its bytes and its tape, shared by every decoder and container of one decoding.
///
/// Coding paths are not carried along; they are found again on the tape when somebody asks.
final class PayloadDocument {
    struct Options {
        var dates: PayloadDateStrategy
        var data: PayloadDataStrategy
        var userInfo: [CodingUserInfoKey: any Sendable]
    }

    @exclusivity(unchecked) private(set) var bytes: UnsafeRawBufferPointer
    let tape: PayloadTape
    let options: Options
    /// The name that stands, outside the bytes, around the payload of a case.
    let caseName: String?
    /// Set when the type was asked whether it knows `caseName` and did not.
    @exclusivity(unchecked) var caseIsUnknown = false
    /// Values by key, of the objects in which a key occurs twice (by token index).
    @exclusivity(unchecked) private(set) var indexes: [Int: [String: Int]] = [:]
    /// Where keyed containers come from while the decoding lasts.
    @exclusivity(unchecked) private(set) var pool: Unmanaged<ContainerPool>?
    private var ownedBytes: UnsafeMutableRawBufferPointer?

    init(
        bytes: UnsafeRawBufferPointer, tape: consuming PayloadTape, caseName: String?, options: Options,
        pool: ContainerPool
    ) {
        self.bytes = bytes
        self.tape = tape
        self.caseName = caseName
        self.options = options
        self.pool = Unmanaged.passUnretained(pool)
    }

    deinit { ownedBytes?.deallocate() }

    /// Copies the bytes, which the caller is about to take back, because a decoder has outlived its decoding.
    func keepBytes() {
        pool = nil
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        copy.copyMemory(from: bytes)
        ownedBytes = copy
        bytes = UnsafeRawBufferPointer(copy)
    }

    /// Makes a lookup index for an object that holds a key twice; in it the first one wins, as in Foundation.
    func prepareLookups(in object: Int) {
        guard indexes.isEmpty || indexes[object] == nil, RepeatedKeys.mayOccur(in: object, of: self) else { return }
        var index: [String: Int] = [:]
        var keys = 0
        forEachKey(of: object) { key in
            keys += 1
            let name = text(at: key)
            if index[name] == nil { index[name] = key + 1 }
        }
        if index.count < keys { indexes[object] = index }
    }
}

extension PayloadDocument {
    /// The tokens in front of the payload of a case: an object, its one key, and the payload under that key. The
    /// payload itself follows, so that it has two indexes: as what the name holds, and as what `_0` in that holds.
    static let caseRoot = 0, caseKey = 1, caseValue = 2, unwrappedValue = 3

    @inline(__always)
    func bytes(of token: PayloadToken) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[Int(token.start)..<Int(token.end)])
    }

    /// The first key of an object, or the first element of an array.
    @inline(__always)
    func firstChild(of container: Int) -> Int {
        container + (container == Self.caseValue && caseName != nil ? 2 : 1)
    }

    /// The null that stands for what a `superDecoder` asks for and the payload does not have: the tape's last token.
    var absentValue: Int { tape.count - 1 }

    /// The string or key at `index`.
    func text(at index: Int) -> String {
        if index == Self.caseKey, let caseName { return caseName }
        return tape[index].string(in: bytes)
    }

    /// Calls `body` with each key of an object in order, repeated ones included.
    func forEachKey(of object: Int, _ body: (Int) -> Void) {
        var key = firstChild(of: object)
        let end = Int(tape[object].next)
        while key < end {
            body(key)
            key = Int(tape[key + 1].next)
        }
    }

    /// The names of an object's keys in order, each once.
    func names(of object: Int) -> [String] {
        let index = indexes.isEmpty ? nil : indexes[object]
        var names: [String] = []
        forEachKey(of: object) { key in
            let name = text(at: key)
            if let index, index[name] != key + 1 { return }
            names.append(name)
        }
        return names
    }

    /// The value under `name`, compared byte by byte, from the last hit on: keys come in the order in which types ask.
    func value(under name: String, in object: Int) -> Int? {
        if object == Self.caseRoot, let caseName { return caseName == name ? Self.caseValue : nil }
        if !indexes.isEmpty, let index = indexes[object] { return index[name] }
        // The same without a copy, of all but strings that Swift has not made itself.
        if let found = name.utf8.withContiguousStorageIfAvailable({ value(under: $0, in: object) }) { return found }
        var copy = name
        return copy.withUTF8 { value(under: $0, in: object) }
    }

    @inline(__always)
    private func value(under name: UnsafeBufferPointer<UInt8>, in object: Int) -> Int? {
        let end = Int(tape[object].next)
        let begin = Int(tape[object].extra)
        return search(name, in: object, from: begin, to: end)
            ?? search(name, in: object, from: firstChild(of: object), to: begin)
    }

    @inline(__always)
    private func search(_ name: UnsafeBufferPointer<UInt8>, in object: Int, from begin: Int, to end: Int) -> Int? {
        var key = begin
        while key < end {
            let token = tape[key]
            if matches(token, name) {
                tape.base[object].extra = UInt32(truncatingIfNeeded: key)
                return key + 1
            }
            key = Int(tape[key + 1].next)
        }
        return nil
    }

    @inline(__always)
    private func matches(_ token: PayloadToken, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard token.kind == .text else { return token.string(in: bytes).utf8.elementsEqual(name) }
        guard Int(token.end &- token.start) == name.count else { return false }
        return StringBytes.areEqual(bytes(of: token), UnsafeRawBufferPointer(name))
    }
}

extension PayloadToken {
    /// The text of a string or key, without escapes.
    @inline(__always)
    func string(in bytes: UnsafeRawBufferPointer) -> String {
        let content = UnsafeRawBufferPointer(rebasing: bytes[Int(start)..<Int(end)])
        return kind == .text ? String(decoding: content, as: UTF8.self) : StringBytes.unescaped(content)
    }
}
