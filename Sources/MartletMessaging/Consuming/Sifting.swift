import MartletDomain
import MartletStreamingLog

/// A message that has come, with what it is known by.
struct Arrival: Sendable {
    let message: Message
    let identity: MessageIdentity
    /// Whether the log has left out offsets right before it.
    var followsGap = false

    init(_ record: StoredRecord) {
        message = Message(record)
        identity = MessageIdentity(of: message)
    }

    var offset: Offset { message.offset }

    var producer: ExactText? {
        if case .sequenced(let producer, _, _) = identity { producer } else { nil }
    }
}

extension [Arrival] {
    /// With a word on those right before which offsets are missing.
    /// - Parameter end: everything before it has come.
    func tellingGaps(after end: Offset) -> [Arrival] {
        let offsets = Set(map(\.offset.rawValue))
        return map { arrival in
            var arrival = arrival
            arrival.followsGap = arrival.offset > end && !offsets.contains(arrival.offset.rawValue - 1)
            return arrival
        }
    }

    /// In each producer's own order, where a page has them in another: those of one producer change places among themselves.
    func inProducersOrder() -> [Arrival] {
        var slots: [ExactText: [(index: Int, sequence: Int64)]] = [:]
        var isOrdered = true
        for (index, arrival) in enumerated() {
            guard case .sequenced(let producer, let sequence, _) = arrival.identity else { continue }
            if let last = slots[producer]?.last, last.sequence > sequence { isOrdered = false }
            slots[producer, default: []].append((index, sequence))
        }
        guard !isOrdered else { return self }
        var arranged = self
        for own in slots.values {
            for (slot, arrival) in zip(own, own.sorted { $0.sequence < $1.sequence }) {
                arranged[slot.index] = self[arrival.index]
            }
        }
        return arranged
    }
}

/// What is to be taken of messages that have come, given up to where each producer's are taken already.
struct Sifting: Sendable {
    /// A producer's messages do not follow each other: some are missing, or the log has lost what it had delivered, and has
    /// others in its place.
    struct Hole: Hashable, Sendable, CustomStringConvertible {
        let producer: ExactText
        /// What should be the last one taken.
        let after: Int64
        /// What is.
        let last: Int64
        let sequence: Int64

        /// What was taken is not what the log has there now.
        var isOfAnotherHistory: Bool { after < last }

        var description: String {
            let place = "of producer \"\(producer)\" before its message \(sequence)"
            let found = isOfAnotherHistory ? "\(last), which the log has lost" : "\(last)"
            return "expected message \(after) \(place), found \(found)"
        }
    }

    /// New ones, as far as the producers' numbers tell.
    private(set) var taken: [Arrival] = []
    /// How many have been looked at, duplicates included.
    private(set) var looked = 0
    /// The marks that move, by producer.
    private(set) var marks: [ExactText: Int64] = [:]
    /// Before which message it has ended.
    private(set) var hole: Hole?
    /// The holes that it has passed.
    private(set) var passed: [Hole] = []
    private var ids: Set<ExactText> = []

    /// - Parameters:
    ///   - known: up to where each producer's are taken; nil for one of whom nothing has come.
    ///   - gaps: those before the first of the messages.
    ///   - mayPass: whether to pass a hole; told whether offsets are missing since its producer's last message.
    init(
        _ arrivals: ArraySlice<Arrival>, known: (ExactText) -> Int64?, upTo limit: Int, behind gaps: Gaps = Gaps(),
        mayPass: (Hole, Bool) -> Bool
    ) {
        var gaps = gaps
        for arrival in arrivals {
            guard taken.count < limit else { return }
            gaps.reach(arrival)
            switch arrival.identity {
            case .foreign(let id): if ids.insert(ExactText(id)).inserted { taken.append(arrival) }
            case .sequenced(let producer, let sequence, let after):
                guard let last = marks[producer] ?? known(producer) else {
                    take(arrival, producer, sequence)
                    break
                }
                guard sequence > last else { break }
                // What goes from topic to topic, as dead letters do, names none before it.
                if after > last || (after < last && after >= 0) {
                    let found = Hole(producer: producer, after: after, last: last, sequence: sequence)
                    guard mayPass(found, !found.isOfAnotherHistory && gaps.isBehindOne(producer)) else {
                        hole = found
                        return
                    }
                    passed.append(found)
                }
                take(arrival, producer, sequence)
            }
            gaps.pass(arrival)
            looked += 1
        }
    }

    private mutating func take(_ arrival: Arrival, _ producer: ExactText, _ sequence: Int64) {
        taken.append(arrival)
        marks[producer] = sequence
    }

    /// The ids of those of which the numbers tell nothing.
    var foreignIDs: [String] {
        taken.compactMap { if case .foreign(let id) = $0.identity { id } else { nil } }
    }

    /// Without those whose ids were taken before.
    /// - Parameter fresh: for each of the foreign ids, whether it is new.
    func taken(fresh: [Bool]) -> [Arrival] {
        var fresh = fresh[...]
        return taken.filter { arrival in
            if case .foreign = arrival.identity { fresh.popFirst() ?? true } else { true }
        }
    }
}
