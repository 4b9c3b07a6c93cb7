/// A statement's parameters laid out as libpq wants them: one block of bytes, and arrays that point into it.
struct BoundParameters {
    let types: [UInt32]
    private let lengths: [Int32]
    private let formats: [Int32]
    /// Where each value starts in `bytes`; nil is NULL.
    private let offsets: [Int?]
    private let bytes: [UInt8]

    var count: Int { types.count }

    /// - Throws: the first parameter's flaw, or `54000` for a value or a number of values beyond the protocol's limits.
    init(_ sql: SQL) throws(PostgresError) {
        let parameters = sql.parameters
        guard parameters.count <= 65_535 else { throw .tooLong("a statement of \(parameters.count) parameters") }
        var (lengths, offsets): ([Int32], [Int?]) = ([], [])
        var bytes: [UInt8] = []
        bytes.reserveCapacity(parameters.reduce(1) { $0 + ($1.bytes?.count ?? 0) })
        for parameter in parameters {
            if let flaw = parameter.flaw { throw flaw }
            guard let length = Int32(exactly: parameter.bytes?.count ?? 0) else { throw .tooLong("a parameter") }
            lengths.append(length)
            offsets.append(parameter.bytes == nil ? nil : bytes.count)
            bytes += parameter.bytes ?? []
        }
        bytes.append(0)  // so that an empty last value still points into the block
        types = parameters.map(\.type.rawValue)
        formats = parameters.map { _ in 1 }
        (self.lengths, self.offsets, self.bytes) = (lengths, offsets, bytes)
    }

    func withPointers<Result>(
        _ body: (
            UnsafePointer<UInt32>, UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>, UnsafePointer<Int32>
        ) -> Result
    ) -> Result {
        bytes.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                body(types, offsets.map { $0.flatMap { characters.baseAddress?.advanced(by: $0) } }, lengths, formats)
            }
        }
    }
}
