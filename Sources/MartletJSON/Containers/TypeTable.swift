import Synchronization

/// What is kept for one type.
class TypeEntry {
    fileprivate let type: ObjectIdentifier

    init(_ type: Any.Type) { self.type = ObjectIdentifier(type) }
}

/// One entry for each type, found without a lock and without counting references, and never freed.
///
/// Made for the types of one program: beyond some thousands an entry is made, and leaked, each time.
final class TypeTable: Sendable {
    private typealias Slot = Atomic<UnsafeRawPointer?>

    private static let capacity = 8_192
    private static let maximumProbes = 64

    nonisolated(unsafe) private let slots = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)

    init() {
        for index in 0..<Self.capacity { (slots + index).initialize(to: Slot(nil)) }
    }

    deinit { slots.deallocate() }

    /// The entry for `type`, if there is one. A type's address is the begin of its search.
    @inline(__always)
    func entry(for type: Any.Type) -> Unmanaged<TypeEntry>? {
        let type = ObjectIdentifier(type)
        for probe in 0..<Self.maximumProbes {
            guard let found = slot(type, probe).pointee.load(ordering: .acquiring) else { return nil }
            let entry = Unmanaged<TypeEntry>.fromOpaque(found)
            if entry._withUnsafeGuaranteedRef({ $0.type == type }) { return entry }
        }
        return nil
    }

    /// The entry that is kept for the type of `entry` from now on: this one, or one that another thread has made.
    func keep(_ entry: TypeEntry) -> Unmanaged<TypeEntry> {
        let kept = Unmanaged.passRetained(entry)
        for probe in 0..<Self.maximumProbes {
            let (isStored, other) = slot(entry.type, probe).pointee.compareExchange(
                expected: nil, desired: UnsafeRawPointer(kept.toOpaque()), ordering: .acquiringAndReleasing)
            guard !isStored, let other = other.map(Unmanaged<TypeEntry>.fromOpaque) else { return kept }
            if other._withUnsafeGuaranteedRef({ $0.type == entry.type }) {
                kept.release()
                return other
            }
        }
        return kept
    }

    @inline(__always)
    private func slot(_ type: ObjectIdentifier, _ probe: Int) -> UnsafeMutablePointer<Slot> {
        slots + ((Int(bitPattern: type) >> 4) &+ probe) & (Self.capacity - 1)
    }
}
