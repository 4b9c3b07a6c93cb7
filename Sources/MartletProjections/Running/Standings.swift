import MartletDomain
import Synchronization

/// Where this process's partitions stand, by projection, and what somebody waits for them to reach.
final class Standings: Sendable {
    private struct Ask {
        let position: GlobalPosition
        /// Who waits longer asks again.
        let until: ContinuousClock.Instant
        let isFromElsewhere: Bool
    }

    private struct Standing {
        var partitions: [Int: GlobalPosition] = [:]
        var asks: [Ask] = []
    }

    private let standings = Mutex<[String: Standing]>([:])
    /// Longer than it takes somebody who waits to ask again.
    private static let patience: Duration = .seconds(5)

    func stands(_ projection: String, _ partition: Int, at position: GlobalPosition) {
        standings.withLock { $0[projection, default: Standing()].partitions[partition] = position }
    }

    func leaves(_ projection: String, _ partition: Int) {
        standings.withLock { _ = $0[projection]?.partitions.removeValue(forKey: partition) }
    }

    /// How many of a projection's partitions this process works on.
    func partitions(of projection: String) -> Int { standings.withLock { $0[projection]?.partitions.count ?? 0 } }

    /// Somebody waits for a projection to reach a position.
    /// - Returns: whether a partition of this process is still before it, or has to be told to have reached it.
    func ask(_ projection: String, for position: GlobalPosition, isFromElsewhere: Bool) -> Bool {
        standings.withLock { standings in
            guard standings[projection]?.partitions.isEmpty == false else { return false }
            let until = ContinuousClock.now + Self.patience
            standings[projection]?.asks.append(
                Ask(position: position, until: until, isFromElsewhere: isFromElsewhere))
            return true
        }
    }

    /// Whether somebody waits for a position that a partition has seen and not stored yet.
    func isAwaited(_ projection: String, after stored: GlobalPosition, upTo seen: GlobalPosition) -> Bool {
        standings.withLock { standings in
            standings[projection]?.asks.contains { $0.position > stored && $0.position <= seen } ?? false
        }
    }

    /// Forgets what all of this process's partitions have reached by now; true when that is to be told elsewhere.
    func takeReached(_ projection: String) -> Bool {
        standings.withLock { standings in
            guard let standing = standings[projection], !standing.asks.isEmpty,
                let least = standing.partitions.values.min()
            else { return false }
            let now = ContinuousClock.now
            standings[projection]?.asks.removeAll { $0.position <= least || $0.until < now }
            return standing.asks.contains { $0.position <= least && $0.isFromElsewhere }
        }
    }
}
