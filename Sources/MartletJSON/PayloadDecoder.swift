/// Reads `Decodable` values from JSON bytes: more than four times as fast as Foundation's decoder for small
/// payloads.
///
/// A decoder is a value without state; one can serve all threads. It takes UTF-8 only, without a byte order mark, and
/// never traps: whatever the bytes are, it returns a value or throws.
public struct PayloadDecoder: Sendable {
    /// How dates are read.
    public var dates: PayloadDateStrategy
    /// How `Data` is read.
    public var data: PayloadDataStrategy
    /// What `init(from:)` finds in `decoder.userInfo`.
    public var userInfo: [CodingUserInfoKey: any Sendable] = [:]
    /// How many arrays and objects may be nested; checked before anything is decoded.
    public var maximumDepth: Int

    /// A decoder that reads what a `PayloadEncoder` of the same strategies writes.
    public init(dates: PayloadDateStrategy = .iso8601, data: PayloadDataStrategy = .base64, maximumDepth: Int = 64) {
        self.dates = dates
        self.data = data
        self.maximumDepth = maximumDepth
    }

    /// Reads one value that fills all of `bytes`.
    ///
    /// - Throws: `PayloadError` when the bytes are not JSON or nested too deeply, `DecodingError` when they are not a
    ///   `T`, and whatever `T.init(from:)` throws.
    public func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
        try bytes.withUnsafeBytes { try decode(type, from: $0) }
    }

    /// Reads one value that fills all of `bytes`, in place: the bytes are copied only if a decoder outlives the call.
    ///
    /// - Throws: as `decode(_:from:)` on an array.
    public func decode<T: Decodable>(_ type: T.Type, from bytes: UnsafeRawBufferPointer) throws -> T {
        var scanner = PayloadScanner(bytes, maximumDepth: maximumDepth)
        try scanner.scan()
        return try reading(bytes, scanner.finished(), caseName: nil) { try $0.value(type, at: 0) }
    }

    /// Decodes with `body`, to which the document belongs; decoders that escape get one that owns its bytes.
    @inline(__always)
    private func reading<T>(
        _ bytes: UnsafeRawBufferPointer, _ tape: consuming PayloadTape, caseName: String?,
        _ body: (PayloadDocument) throws -> T
    ) throws -> T {
        let options = PayloadDocument.Options(dates: dates, data: data, userInfo: userInfo)
        let pool = ContainerPool.current
        let mark = pool.mark
        var document = PayloadDocument(bytes: bytes, tape: tape, caseName: caseName, options: options, pool: pool)
        defer {
            pool.finish(mark, document)
            if !isKnownUniquelyReferenced(&document) { document.keepBytes() }
        }
        return try body(document)
    }
}

extension PayloadDecoder {
    /// Reads the case `name` of an enum from its payload, without building the JSON that holds both.
    ///
    /// `sent` and `{"cents":500}` are read as `{"sent":{"cents":500}}` would be. When the case asks for `_0`, its first
    /// value without a label, and the payload has no such key, the payload itself is that value.
    ///
    /// - Throws: `PayloadError.unknownCase` when the type looked for its cases and `name` was not among them; otherwise
    ///   as `decode(_:from:)`.
    public func decodeCase<T: Decodable>(_ type: T.Type, name: String, payload: [UInt8]) throws -> T {
        try payload.withUnsafeBytes { try decodeCase(type, name: name, payload: $0) }
    }

    /// Reads the case `name` of an enum from its payload, in place.
    ///
    /// - Throws: as `decodeCase(_:name:payload:)` on an array.
    public func decodeCase<T: Decodable>(
        _ type: T.Type, name: String, payload: UnsafeRawBufferPointer
    ) throws -> T {
        var scanner = PayloadScanner(payload, maximumDepth: maximumDepth)
        scanner.beginCase()
        try scanner.scan()
        scanner.endCase()
        return try reading(payload, scanner.finished(), caseName: name) { document in
            do {
                return try document.value(type, at: PayloadDocument.caseRoot)
            } catch is DecodingError where document.caseIsUnknown {
                throw PayloadError.unknownCase(name: name, type: String(reflecting: type))
            }
        }
    }
}
