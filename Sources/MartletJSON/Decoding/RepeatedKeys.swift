/// Finds out cheaply that the keys of an object are distinct, as they nearly always are.
enum RepeatedKeys {
    /// Objects of more keys than this are not compared pair by pair.
    private static let maximumPairwise = 24

    /// Whether some key may occur twice. Certain when it says no.
    static func mayOccur(in object: Int, of document: PayloadDocument) -> Bool {
        var seen: UInt64 = 0
        var keys = 0
        var collided = false
        var key = document.firstChild(of: object)
        let end = Int(document.tape[object].next)
        while key < end {
            let token = document.tape[key]
            let bit = StringBytes.fingerprint(document.bytes(of: token))
            collided = collided || seen & bit != 0 || token.kind == .escapedText
            seen |= bit
            keys += 1
            key = Int(document.tape[key + 1].next)
        }
        return collided && (keys > maximumPairwise || pairwise(in: object, of: document))
    }

    private static func pairwise(in object: Int, of document: PayloadDocument) -> Bool {
        let tape = document.tape.base
        let end = Int(tape[object].next)
        var key = document.firstChild(of: object)
        while key < end {
            if tape[key].kind == .escapedText { return true }
            let name = document.bytes(of: tape[key])
            var other = Int(tape[key + 1].next)
            while other < end {
                let isSameLength = tape[other].end &- tape[other].start == UInt32(truncatingIfNeeded: name.count)
                if isSameLength, name.elementsEqual(document.bytes(of: tape[other])) { return true }
                other = Int(tape[other + 1].next)
            }
            key = Int(tape[key + 1].next)
        }
        return false
    }
}
