#if HTTP
/// Fires once and releases whoever waits, before or after.
struct Signal: Sendable {
    private let stream: AsyncStream<Never>
    private let continuation: AsyncStream<Never>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func fire() {
        continuation.finish()
    }

    /// Also returns when the waiting task is cancelled.
    func wait() async {
        for await _ in stream {}
    }
}
#endif
