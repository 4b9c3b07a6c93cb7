/// How much the appends of one process may pile up, and how large they go to the server.
public struct AppendLimits: Sendable {
    /// The most events in one batch; beyond a thousand a batch gains nothing, since its one commit is paid for by
    /// then, and keeps others waiting.
    public var batchEvents = 1000
    /// The most bytes of payloads and metadata in one batch; what is larger by itself goes alone.
    public var batchBytes = 1 << 20
    /// The most appends that wait; the next one fails at once.
    public var waiting = 50_000
    /// The most bytes that wait; the next append fails at once.
    public var waitingBytes = 128 << 20
    /// How long an append waits to be sent before it fails; it never fails once it has been sent.
    public var patience: Duration = .seconds(5)

    public init() {}

    /// The usual limits, with these changes: `AppendLimits { $0.patience = .seconds(1) }`.
    public init(_ change: (inout AppendLimits) -> Void) {
        change(&self)
    }
}
