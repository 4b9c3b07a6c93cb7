import MartletDomain
import Synchronization

/// The states of the aggregates that this process has worked on last.
///
/// What it holds was committed, but others may have committed more since: it saves reading, and the append's version
/// check decides as ever.
final class StateCache: Sendable {
    private struct Key: Hashable {
        /// Two types may fold the same streams.
        let type: ObjectIdentifier
        /// Compared by its bytes: a key's text alone would be equal to another spelling of it.
        let name: StreamName

        init<A: Aggregate>(_ id: StreamID<A>) { (type, name) = (ObjectIdentifier(A.self), id.name) }
    }

    private struct Remembered: Sendable {
        let version: StreamVersion
        /// A `Folded` of the key's type.
        let folded: any Sendable
    }

    private struct Contents {
        var states: RecencyList<Key, Remembered>
        var hits = 0
        var misses = 0
    }

    /// Whether it can hold anything.
    let isOn: Bool
    private let contents: Mutex<Contents>

    init(_ limits: CacheLimits) {
        isOn = limits.count > 0 && limits.bytes > 0
        contents = Mutex(Contents(states: RecencyList(maximumCount: limits.count, maximumSize: limits.bytes)))
    }

    var status: CacheStatus {
        contents.withLock {
            CacheStatus(count: $0.states.count, bytes: $0.states.size, hits: $0.hits, misses: $0.misses)
        }
    }

    /// The state as it was last seen, which may be no longer current.
    func state<A: Aggregate>(of id: StreamID<A>) -> Folded<A>? {
        guard isOn else { return nil }
        let found = contents.withLock { contents in
            let found = contents.states.use(Key(id))
            if found == nil { contents.misses += 1 } else { contents.hits += 1 }
            return found
        }
        guard let found, var folded = found.value.folded as? Folded<A> else { return nil }
        folded.isCurrent = false
        folded.size = found.size - Self.overhead(of: id)
        return folded
    }

    /// Keeps a state of a stream that has events, unless a later one is there already.
    func keep<A: Aggregate>(_ folded: Folded<A>, of id: StreamID<A>) {
        guard isOn, folded.receipt.version > .none else { return }
        let remembered = Remembered(version: folded.receipt.version, folded: folded)
        let size = folded.size + Self.overhead(of: id)
        release { states in
            if let present = states.peek(Key(id)), present.version > remembered.version { return [] }
            return states.set(Key(id), to: remembered, size: size)
        }
    }

    func drop<A: Aggregate>(_ id: StreamID<A>) {
        guard isOn else { return }
        release { states in states.remove(Key(id)).map { [$0] } ?? [] }
    }

    /// Replaces the estimate of a state's size, to which more may have been added since, by what it has turned out.
    func correctSize<A: Aggregate>(of id: StreamID<A>, from estimate: Int, to size: Int) {
        guard isOn else { return }
        release { states in
            guard let present = states.size(of: Key(id)), present >= estimate + Self.overhead(of: id) else { return [] }
            return states.resize(Key(id), to: present - estimate + size)
        }
    }

    /// Changes what is held, and lets what had to go be freed when the lock is free again.
    private func release(_ change: (inout RecencyList<Key, Remembered>) -> [Remembered]) {
        _ = contents.withLock { contents in change(&contents.states) }
    }

    /// What a state takes besides what was folded into it: the key, the struct itself, places in the tables.
    private static func overhead<A: Aggregate>(of id: StreamID<A>) -> Int {
        id.key.utf8.count + MemoryLayout<Folded<A>>.size + 250
    }
}
