package import MartletPostgres
import Synchronization

/// Wakes whoever waits at a partition's end when records have been appended to it; a hint only.
package final class PartitionSignals: Sendable {
    /// What other processes append is heard through this one; nil where there are none.
    private let hub: AppendSignal?
    private let signals = Mutex<[TopicPartition: AppendSignal]>([:])

    /// Signals of what is appended in one process only.
    package init() { hub = nil }

    init(of schema: SQLIdentifier, in configuration: PostgresConfiguration) {
        let hub = AppendSignal(of: schema, in: configuration)
        self.hub = hub
        hub.hear { [weak self] names in await self?.wake(names ?? "") }
    }

    package func wake(_ partition: TopicPartition) async { await signals.withLock { $0[partition] }?.wake() }

    /// - Parameter names: as the append function gives them, "orders/0 orders/3"; empty for all.
    private func wake(_ names: String) async {
        let woken = names.isEmpty ? nil : Set(names.split(separator: " ").map(String.init))
        let all = signals.withLock(\.self)
        for (partition, signal) in all where woken?.contains(partition.description) ?? true { await signal.wake() }
    }

    /// The signal of one partition, for as long as somebody keeps the answer.
    package func follow(_ partition: TopicPartition) async -> Followed {
        let signal = signals.withLock { signals in
            let signal = signals[partition] ?? AppendSignal()
            signals[partition] = signal
            return signal
        }
        return Followed(signal: signal, following: await hub?.join())
    }

    /// Keeps the session open that hears of others' appends, as long as it lives.
    package struct Followed: Sendable {
        package let signal: AppendSignal
        let following: AppendSignal.Following?
    }
}
