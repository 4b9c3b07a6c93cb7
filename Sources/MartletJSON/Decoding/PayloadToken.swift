/// One value or key of a scanned payload, in the order of the bytes; a container is followed by what it contains.
struct PayloadToken: BitwiseCopyable {
    enum Kind: UInt8 {
        case null, no, yes, integer, decimal, text, escapedText, array, object
    }

    /// The bytes of the value, without the quotes of a string.
    var start: UInt32
    var end: UInt32
    /// The token after this value and all it contains. While a container is still open: the container around it.
    var next: UInt32
    /// Of an array, the number of its elements; of an object, the key to compare first in the next lookup.
    var extra: UInt32 = 0
    var kind: Kind

    /// The noun for messages.
    var noun: String {
        switch kind {
        case .null: "null"
        case .no, .yes: "a boolean"
        case .integer, .decimal: "a number"
        case .text, .escapedText: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

typealias PayloadTape = GrowingBuffer<PayloadToken>
