/// Which partition a key belongs to: the same as with Kafka's Java clients, so that a topic may move there and back.
public enum Partitioner {
    /// The lower 31 bits of ``murmur2(_:)``, modulo the number of partitions.
    public static func partition(of key: some Sequence<UInt8>, among count: Int) -> Int {
        let hash = key.withContiguousStorageIfAvailable { murmur2($0) }
        return Int((hash ?? Array(key).withUnsafeBufferPointer { murmur2($0) }) & 0x7fff_ffff) % count
    }

    /// Austin Appleby's MurmurHash2, 32 bits, with the seed that Kafka uses (`Utils.murmur2`).
    static func murmur2(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let multiplier: UInt32 = 0x5bd1_e995
        var hash = UInt32(0x9747_b28c) ^ UInt32(truncatingIfNeeded: bytes.count)
        let whole = bytes.count & ~3
        for start in stride(from: 0, to: whole, by: 4) {
            var word = UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8
            word |= UInt32(bytes[start + 2]) << 16 | UInt32(bytes[start + 3]) << 24
            word = word &* multiplier
            word = (word ^ (word >> 24)) &* multiplier
            hash = (hash &* multiplier) ^ word
        }
        if bytes.count > whole {
            for (place, byte) in bytes[whole...].enumerated() { hash ^= UInt32(byte) << UInt32(8 * place) }
            hash = hash &* multiplier
        }
        hash = (hash ^ (hash >> 13)) &* multiplier
        return hash ^ (hash >> 15)
    }
}
