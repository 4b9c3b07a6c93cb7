import MartletDomain

/// An aggregate's state as it is kept, not decoded.
package struct StoredSnapshot: Sendable {
    package let stream: StreamName
    /// Of the state's shape and of how events are applied to it.
    package let stateVersion: Int
    /// The last event that is in the state.
    package let version: StreamVersion
    package let position: GlobalPosition
    /// JSON, as it was written.
    package let state: [UInt8]

    package init(
        stream: StreamName, stateVersion: Int, version: StreamVersion, position: GlobalPosition, state: [UInt8]
    ) {
        (self.stream, self.stateVersion) = (stream, stateVersion)
        (self.version, self.position, self.state) = (version, position, state)
    }
}

/// A stream from its snapshot on.
package struct SnapshotPage: Sendable {
    package var snapshot: StoredSnapshot?
    /// What follows the snapshot, without a gap.
    package var events: [StoredEvent]

    package init(snapshot: StoredSnapshot?, events: [StoredEvent]) {
        (self.snapshot, self.events) = (snapshot, events)
    }
}
