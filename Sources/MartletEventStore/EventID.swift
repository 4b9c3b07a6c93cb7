import FoundationEssentials
import Glibc

extension UUID {
    /// A UUID of version 7 (RFC 9562, 5.7): 48 bits of Unix time in milliseconds, then random bits, so that ids made
    /// one after the other stand side by side in an index.
    static func version7() -> UUID {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let milliseconds = UInt64(max(0, now.tv_sec)) &* 1000 &+ UInt64(now.tv_nsec / 1_000_000)
        let high = milliseconds << 16 | 0x7000 | UInt64.random(in: 0...0xFFF)
        let low = 0x8000_0000_0000_0000 | UInt64.random(in: 0...0x3FFF_FFFF_FFFF_FFFF)
        return UUID(uuid: unsafeBitCast((high.bigEndian, low.bigEndian), to: uuid_t.self))
    }
}
