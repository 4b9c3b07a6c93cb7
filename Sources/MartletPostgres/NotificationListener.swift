/// One session that listens to channels and says so: a hint to look, never the news itself.
///
/// After every connect, the first included, it gives one wake-up, because what was sent before was missed.
public struct NotificationListener: Sendable {
    private let configuration: PostgresConfiguration
    private let channels: [SQLIdentifier]
    private let backoff = Backoff(base: .milliseconds(50), limit: .seconds(1))

    public init(_ configuration: PostgresConfiguration, channels: SQLIdentifier...) {
        self.configuration = configuration
        self.channels = channels
    }

    /// Calls `wake` for every notification until the task is cancelled; connects again, with back-off, when the link
    /// is lost. Returns at most a second after the cancellation, or `connect_timeout` when it is just connecting.
    public func run(_ wake: @Sendable (PostgresNotification?) async -> Void) async throws(CancellationError) {
        var failures = 0
        while !Task.isCancelled {
            do throws(PostgresError) {
                let connection = try await Connection.open(configuration)
                for channel in channels { try await connection.listen(to: channel) }
                failures = 0
                await wake(nil)
                try await follow(connection, wake)
            } catch {
                failures += 1
            }
            do { try await Task.sleep(for: backoff.delay(after: failures)) } catch { break }
        }
        throw CancellationError()
    }

    private func follow(
        _ connection: Connection, _ wake: @Sendable (PostgresNotification?) async -> Void
    ) async throws(PostgresError) {
        while !Task.isCancelled {
            if let notification = try await connection.nextNotification(within: .milliseconds(500)) {
                await wake(notification)
            }
        }
    }
}
