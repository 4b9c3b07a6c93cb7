/// The wire names of all cases of a Codable enum, asked of the keys that its synthesised `init(from:)` looks for.
enum CaseNames {
    /// Nil when the type decodes itself in a way of its own.
    static func all<Event: Decodable>(of _: Event.Type) -> [String]? {
        do {
            _ = try Event(from: KeyProbe())
            return nil
        } catch let found as KeyProbe.Found {
            return found.names
        } catch {
            return nil
        }
    }
}

/// Answers the first question for a keyed container by throwing what the keys are.
private struct KeyProbe: Decoder {
    struct Found: Error { let names: [String]? }

    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        throw Found(names: EnumCases.all(of: type)?.map(\.stringValue))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Found(names: nil) }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw Found(names: nil) }
}

/// What a type's descriptor says of the cases of an enum (Swift's ABI/Metadata.h: EnumMetadata, TargetEnumDescriptor).
enum EnumCases {
    /// The values of an enum without associated values, in the order of their declaration; nil for other types.
    ///
    /// `CodingKeys` are not `CaseIterable`, so their number is read; such an enum is stored as the number of its case.
    static func all<Value>(of type: Value.Type) -> [Value]? {
        guard MemoryLayout<Value>.size <= 1, let (payloadCases, emptyCases) = counts(of: type), payloadCases == 0,
            emptyCases <= 256
        else { return nil }
        return (0..<emptyCases).map { number in
            withUnsafeBytes(of: UInt8(truncatingIfNeeded: number)) { $0.load(as: Value.self) }
        }
    }

    /// How many cases it has; nil for other types.
    static func count(of type: Any.Type) -> Int? {
        counts(of: type).map { Int($0.payloadCases + $0.emptyCases) }
    }

    private static func counts(of type: Any.Type) -> (payloadCases: UInt32, emptyCases: UInt32)? {
        let metadata = unsafeBitCast(type, to: UnsafeRawPointer.self)
        let enumKind: UInt = 0x201
        guard metadata.load(as: UInt.self) == enumKind else { return nil }
        let descriptor = metadata.load(fromByteOffset: MemoryLayout<UInt>.size, as: UnsafeRawPointer.self)
        return (
            descriptor.load(fromByteOffset: 20, as: UInt32.self) & 0xFF_FFFF,
            descriptor.load(fromByteOffset: 24, as: UInt32.self)
        )
    }
}
