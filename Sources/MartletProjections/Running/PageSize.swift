/// How many events a page of the log has: some at first, then as many as are wanted, or as are some 16 MB if they go on
/// as large as those that were read last.
package struct PageSize: Sendable {
    private let largest: Int
    package private(set) var limit: Int
    private static let bytes = 16 << 20

    package init(largest: Int) { (self.largest, limit) = (largest, min(largest, 500)) }

    package mutating func found(events: Int, bytes: Int) {
        guard events > 0 else { return }
        limit = max(1, min(largest, Self.bytes / max(1, bytes / events)))
    }
}
