/// An aggregate whose state is kept from time to time, so that a long stream is not folded from its start.
///
/// ```swift
/// extension Order: Snapshotting {
///     static let snapshotVersion = 1
///     static let snapshotPolicy = SnapshotPolicy.every(events: 500)
/// }
/// ```
/// Whoever loads the aggregate gains from it without doing anything. A snapshot is never the truth: one that is
/// missing, of another version or cannot be decoded costs the time to fold the events, and nothing else. Of the types
/// that fold the streams of one category, one may keep snapshots: they are found by the stream's name.
public protocol Snapshotting: Aggregate, Codable {
    /// Raised with every change of the state's shape, of `apply`, or of how old events are read, after which the same
    /// events give another state. Snapshots of other versions are not read, those of lower ones are replaced.
    ///
    /// A program that goes back to a lower version folds whole streams again, and leaves the snapshots as they are.
    static var snapshotVersion: Int { get }

    /// When a snapshot is taken; every 100 events unless the aggregate says otherwise.
    static var snapshotPolicy: SnapshotPolicy { get }
}

extension Snapshotting {
    public static var snapshotPolicy: SnapshotPolicy { .every(events: 100) }
}

/// How much is folded beyond an aggregate's last snapshot until the next is taken.
public struct SnapshotPolicy: Hashable, Sendable {
    private let events: Int
    private let bytes: Int

    /// After so many events.
    public static func every(events: Int) -> SnapshotPolicy {
        precondition(events > 0, "expected a snapshot every 1 event or more, found \(events)")
        return SnapshotPolicy(events: events, bytes: .max)
    }

    /// After events whose payloads have so many bytes together.
    public static func every(bytes: Int) -> SnapshotPolicy {
        precondition(bytes > 0, "expected a snapshot every 1 byte or more, found \(bytes)")
        return SnapshotPolicy(events: .max, bytes: bytes)
    }

    /// Whether so much was folded since the last snapshot that the next is due.
    public func isDue(after events: Int, bytes: Int) -> Bool { events >= self.events || bytes >= self.bytes }
}
