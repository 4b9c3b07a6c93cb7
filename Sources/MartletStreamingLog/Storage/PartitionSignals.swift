package import MartletPostgres
import Synchronization

/// Wakes whoever waits at a partition's end when records have been appended to it, and the members of a group when their
/// shares may have changed; a hint only.
package final class PartitionSignals: Sendable {
    /// What other processes append is heard through this one; nil where there are none.
    private let hub: AppendSignal?
    /// By the words that stand for them in a notification.
    private let signals = Mutex<[String: AppendSignal]>([:])

    /// Signals of what is appended in one process only.
    package init() { hub = nil }

    init(of schema: SQLIdentifier, in configuration: PostgresConfiguration) {
        let hub = AppendSignal(of: schema, in: configuration)
        self.hub = hub
        hub.hear { [weak self] names in await self?.wake(names ?? "") }
    }

    package func wake(_ partition: TopicPartition) async { await wake(partition.description) }

    package func wake(_ group: GroupName) async { await wake(Self.word(for: group)) }

    /// - Parameter names: as the log's functions give them, "orders/0 orders/3" or "group:6269"; empty for all.
    private func wake(_ names: String) async {
        let woken = signals.withLock { signals in
            names.isEmpty ? Array(signals.values) : names.split(separator: " ").compactMap { signals[String($0)] }
        }
        for signal in woken { await signal.wake() }
    }

    /// The signal of a partition or a group, for as long as somebody keeps the answer.
    package func follow(_ partition: TopicPartition) async -> Followed { await follow(partition.description) }

    package func follow(_ group: GroupName) async -> Followed { await follow(Self.word(for: group)) }

    private func follow(_ word: String) async -> Followed {
        let signal = signals.withLock { signals in
            let signal = signals[word] ?? AppendSignal()
            signals[word] = signal
            return signal
        }
        return Followed(signal: signal, following: await hub?.join())
    }

    /// A group's name may have spaces.
    private static func word(for group: GroupName) -> String {
        group.description.utf8.reduce(into: "group:") { $0 += ($1 < 16 ? "0" : "") + String($1, radix: 16) }
    }

    /// Keeps the session open that hears of others' appends, as long as it lives.
    package struct Followed: Sendable {
        package let signal: AppendSignal
        let following: AppendSignal.Following?
    }
}
