import FoundationEssentials
import Glibc
import Synchronization

extension UUID {
    /// A UUID of version 7 (RFC 9562, 5.7): 48 bits of Unix time in milliseconds, then 74 bits that start at random in
    /// each millisecond and count up within it (6.2, method 2), so that the ids of one process never decrease and stand
    /// side by side in an index.
    static func version7() -> UUID {
        let (time, high, low) = lastID.withLock { last in
            last.advance(to: currentMillisecond())
            return (last.millisecond, last.high, last.low)
        }
        let first = time << 16 | 0x7000 | high
        let second = 0x8000_0000_0000_0000 | low
        return UUID(uuid: unsafeBitCast((first.bigEndian, second.bigEndian), to: uuid_t.self))
    }
}

private let lastID = Mutex(LastID())

private struct LastID {
    var millisecond: UInt64 = 0
    /// 12 bits.
    var high: UInt64 = 0
    /// 62 bits.
    var low: UInt64 = 0

    /// A clock that was set back, or a counter that is used up, goes on from the last millisecond.
    mutating func advance(to now: UInt64) {
        if now > millisecond {
            (millisecond, high, low) = (now, UInt64.random(in: 0...0xFFF), UInt64.random(in: 0...Self.largestLow))
        } else if low < Self.largestLow {
            low += 1
        } else if high < 0xFFF {
            (high, low) = (high + 1, 0)
        } else {
            (millisecond, high, low) = (millisecond + 1, 0, 0)
        }
    }

    private static let largestLow: UInt64 = 0x3FFF_FFFF_FFFF_FFFF
}

private func currentMillisecond() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return UInt64(max(0, now.tv_sec)) &* 1000 &+ UInt64(now.tv_nsec / 1_000_000)
}
