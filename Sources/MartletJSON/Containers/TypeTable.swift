import Synchronization

/// What is kept for one type, and for ever.
class TypeEntry {
    fileprivate let type: ObjectIdentifier
    /// A small number of its own.
    let number: Int
    /// The next entry of the same list. Set before others see this one, and not changed after.
    @exclusivity(unchecked) fileprivate var next: Unmanaged<TypeEntry>?

    private static let numbers = Atomic<Int>(0)

    init(_ type: Any.Type) {
        self.type = ObjectIdentifier(type)
        number = Self.numbers.add(1, ordering: .relaxed).oldValue
    }
}

/// One entry for each type, found without a lock and without counting references: a hash table of lists that only grow.
final class TypeTable: Sendable {
    private typealias List = Atomic<UnsafeRawPointer?>

    private static let capacity = 1_024

    nonisolated(unsafe) private let lists = UnsafeMutablePointer<List>.allocate(capacity: capacity)

    init() {
        for index in 0..<Self.capacity { (lists + index).initialize(to: List(nil)) }
    }

    deinit { lists.deallocate() }

    /// The entry for `type`, if there is one.
    @inline(__always)
    func entry(for type: Any.Type) -> Unmanaged<TypeEntry>? {
        let type = ObjectIdentifier(type)
        return Self.find(type, from: list(for: type).pointee.load(ordering: .acquiring))
    }

    /// The entry for the type of `entry` from now on: this one, or one that another thread has made.
    func keep(_ entry: TypeEntry) -> Unmanaged<TypeEntry> {
        let new = Unmanaged.passRetained(entry)
        let list = list(for: entry.type)
        var first = list.pointee.load(ordering: .acquiring)
        while true {
            if let other = Self.find(entry.type, from: first) {
                new.release()
                return other
            }
            entry.next = first.map(Unmanaged.fromOpaque)
            let (isDone, current) = list.pointee.compareExchange(
                expected: first, desired: UnsafeRawPointer(new.toOpaque()), ordering: .acquiringAndReleasing)
            if isDone { return new }
            first = current
        }
    }

    @inline(__always)
    private static func find(_ type: ObjectIdentifier, from first: UnsafeRawPointer?) -> Unmanaged<TypeEntry>? {
        var next = first.map(Unmanaged<TypeEntry>.fromOpaque)
        while let entry = next {
            if entry._withUnsafeGuaranteedRef({ $0.type == type }) { return entry }
            next = entry._withUnsafeGuaranteedRef { $0.next }
        }
        return nil
    }

    /// Types lie at multiples of 16.
    @inline(__always)
    private func list(for type: ObjectIdentifier) -> UnsafeMutablePointer<List> {
        lists + (Int(bitPattern: type) >> 4) & (Self.capacity - 1)
    }
}
