package import MartletPostgres
import Synchronization

/// Wakes whoever waits at a partition's end when records have been appended to it, and the members of a group when their
/// shares may have changed; a hint only.
package final class PartitionSignals: Sendable {
    /// What other processes append is heard through this one; nil where there are none.
    private let hub: AppendSignal?
    private let signals = Mutex<[Subject: AppendSignal]>([:])

    private enum Subject: Hashable {
        case partition(TopicPartition)
        case group(GroupName)

        /// The word that stands for it in a notification; a group's name may have spaces.
        var word: String {
            switch self {
            case .partition(let partition): partition.description
            case .group(let name): "group:" + Self.hexadecimal(name.description.utf8)
            }
        }

        private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
            bytes.reduce(into: "") { $0 += ($1 < 16 ? "0" : "") + String($1, radix: 16) }
        }
    }

    /// Signals of what is appended in one process only.
    package init() { hub = nil }

    init(of schema: SQLIdentifier, in configuration: PostgresConfiguration) {
        let hub = AppendSignal(of: schema, in: configuration)
        self.hub = hub
        hub.hear { [weak self] names in await self?.wake(names ?? "") }
    }

    package func wake(_ partition: TopicPartition) async { await wake(.partition(partition)) }

    package func wake(_ group: GroupName) async { await wake(.group(group)) }

    private func wake(_ subject: Subject) async { await signals.withLock { $0[subject] }?.wake() }

    /// - Parameter names: as the log's functions give them, "orders/0 orders/3" or "group:6269"; empty for all.
    private func wake(_ names: String) async {
        let woken = names.isEmpty ? nil : Set(names.split(separator: " ").map(String.init))
        let all = signals.withLock(\.self)
        for (subject, signal) in all where woken?.contains(subject.word) ?? true { await signal.wake() }
    }

    /// The signal of a partition or a group, for as long as somebody keeps the answer.
    package func follow(_ partition: TopicPartition) async -> Followed { await follow(.partition(partition)) }

    package func follow(_ group: GroupName) async -> Followed { await follow(.group(group)) }

    private func follow(_ subject: Subject) async -> Followed {
        let signal = signals.withLock { signals in
            let signal = signals[subject] ?? AppendSignal()
            signals[subject] = signal
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
