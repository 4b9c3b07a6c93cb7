/// Memory that grows by doubling: an array without reference counts, copies on write and exclusivity checks.
///
/// One owner, which frees it. Subscripts are checked in debug builds only: every index comes from the owner's own
/// bookkeeping, none from input.
struct GrowingBuffer<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        base = .allocate(capacity: capacity)
    }

    deinit { base.deallocate() }

    @inline(__always)
    subscript(index: Int) -> Element {
        get {
            assert(index >= 0 && index < count)
            return base[index]
        }
        nonmutating set {
            assert(index >= 0 && index < count)
            base[index] = newValue
        }
    }

    @inline(__always)
    mutating func append(_ element: Element) {
        if count == capacity { grow(by: 1) }
        (base + count).initialize(to: element)
        count += 1
    }

    /// Makes room for `extra` more elements, to be written at the pointer returned and then counted with `advance`.
    @inline(__always)
    mutating func reserve(_ extra: Int) -> UnsafeMutablePointer<Element> {
        if capacity - count < extra { grow(by: extra) }
        return base + count
    }

    @inline(__always)
    mutating func advance(by written: Int) {
        assert(written >= 0 && capacity - count >= written)
        count += written
    }

    @inline(__always)
    mutating func truncate(to shorter: Int) {
        count = min(count, shorter)
    }

    /// Puts `other` in place of the elements in `range`, and moves what follows.
    mutating func replace(_ range: Range<Int>, with other: UnsafeBufferPointer<Element>) {
        let growth = other.count - range.count
        if growth > 0 { _ = reserve(growth) }
        let tail = base + range.upperBound
        (tail + growth).update(from: tail, count: count - range.upperBound)
        if let source = other.baseAddress {
            (base + range.lowerBound).update(from: source, count: other.count)
        }
        count += growth
    }

    @inline(never)
    private mutating func grow(by extra: Int) {
        let larger = max(capacity * 2, count + extra)
        let grown = UnsafeMutablePointer<Element>.allocate(capacity: larger)
        grown.update(from: base, count: count)
        base.deallocate()
        base = grown
        capacity = larger
    }
}
