/// What waits to be appended and what is under way, as plain data.
struct LogAppenderState: Sendable {
    private var lanes: [Lane.ID: Lane] = [:]
    /// The lanes of which something waits and nothing is under way, in the order in which they came to that.
    private var ready: [Lane.ID] = []
    private(set) var waitingRecords = 0
    private var waitingBytes = 0
    private var callsUnderWay: [Int: LogCall] = [:]
    private var callsSoFar = 0
    private var recordsUnderWay = 0
    /// Whether somebody looks after what waits too long.
    private var isWatched = false
    /// Whether answered callers are given the time to come back; nothing is sent meanwhile.
    var isLingering = false

    /// So that the server finds the next call waiting when one has committed.
    private static var mostCalls: Int { 2 }
    /// So many records pay for a commit of their own.
    private static var enough: Int { 500 }
    private static var mostRecords: Int { 5_000 }
    private static var mostBytes: Int { 4 << 20 }
    private static var mostWaitingBytes: Int { 64 << 20 }
    /// Of the records that go to a partition together: PostgreSQL takes no statement of 1 GB.
    private static var mostBytesTogether: Int { 256 << 20 }
    private static var mostIdleLanes: Int { 10_000 }
    /// Beyond so many lanes it is worth looking for idle ones.
    private var mostLanes = Self.mostIdleLanes

    /// Takes parts in, or says why not. Asks for cancellation under the lock: a caller that is cancelled after this finds
    /// its parts here.
    mutating func admit(_ parts: [(lane: Lane.ID, part: Lane.Part)]) -> StreamingLogError? {
        if Task.isCancelled { return .cancelled }
        let bytes = parts.reduce(0) { $0 + $1.part.bytes }
        for (id, part) in parts where part.bytes > Self.mostBytesTogether && part.records.count > 1 {
            return .invalid(
                "expected at most \(Self.mostBytesTogether) bytes at a time for \(id.partition), found \(part.bytes)")
        }
        if waitingBytes > 0, waitingBytes + bytes > Self.mostWaitingBytes {
            return .overloaded(waiting: waitingRecords)
        }
        forgetIdleLanes()
        for (id, part) in parts {
            waitingRecords += part.records.count
            waitingBytes += part.bytes
            var lane = lanes[id] ?? Lane()
            if lane.waiting.isEmpty, !lane.isUnderWay { ready.append(id) }
            lane.waiting.append(part)
            lanes[id] = lane
        }
        return nil
    }

    /// Takes out what has not been sent of a delivery, or for too long.
    mutating func remove(where isToGo: (Lane.Part) -> Bool) -> [Lane.Part] {
        var removed: [Lane.Part] = []
        for (id, lane) in lanes where lane.waiting.contains(where: isToGo) {
            removed += lane.waiting.filter(isToGo)
            lanes[id]?.waiting.removeAll(where: isToGo)
        }
        ready.removeAll { lanes[$0]?.waiting.isEmpty ?? true }
        for part in removed { forget(part) }
        return removed
    }

    /// What goes in the next call, all of one topic, if it is worth sending now.
    mutating func takeCall() -> LogCall? {
        guard !isLingering, let topic = ready.first?.partition.topic, isWorthSending else { return nil }
        var batches: [LaneBatch] = []
        var (records, bytes) = (0, 0)
        for id in ready where id.partition.topic == topic {
            guard records < Self.mostRecords, bytes < Self.mostBytes, var lane = lanes[id] else { break }
            var parts: [Lane.Part] = []
            for part in lane.waiting {
                guard parts.isEmpty || (records < Self.mostRecords && bytes < Self.mostBytes) else { break }
                parts.append(part)
                (records, bytes) = (records + part.records.count, bytes + part.bytes)
                forget(part)
            }
            lane.waiting.removeFirst(parts.count)
            lane.isUnderWay = true
            lanes[id] = lane
            batches.append(LaneBatch(lane: id, parts: parts, sequences: lane.sequences))
        }
        let taken = Set(batches.map(\.lane))
        ready.removeAll { taken.contains($0) }
        callsSoFar += 1
        recordsUnderWay += records
        let call = LogCall(number: callsSoFar, batches: batches)
        callsUnderWay[call.number] = call
        return call
    }

    /// Behind a call that is under way, one of fewer records would only split what could share a commit.
    private var isWorthSending: Bool {
        switch callsUnderWay.count {
        case 0: true
        case ..<Self.mostCalls: waitingRecords >= min(recordsUnderWay, Self.enough)
        default: false
        }
    }

    /// Takes note that a call has ended, and with which sequences, and says how many records to wait for now that the
    /// callers may come back.
    mutating func finish(_ call: LogCall, sequences: [Lane.Sequences]) -> Int? {
        callsUnderWay[call.number] = nil
        for (batch, known) in zip(call.batches, sequences) {
            recordsUnderWay -= batch.parts.reduce(0) { $0 + $1.records.count }
            guard var lane = lanes[batch.lane] else { continue }
            (lane.isUnderWay, lane.sequences) = (false, known)
            lanes[batch.lane] = lane
            if !lane.waiting.isEmpty { ready.append(batch.lane) }
        }
        let answered = call.batches.reduce(0) { $0 + $1.parts.count }
        guard answered > 1, !isLingering else { return nil }
        isLingering = true
        return min(answered, Self.enough)
    }

    /// What is under way since before an instant, each part once. Its lanes stay under way: it may still come to its end.
    mutating func giveUp(before latest: ContinuousClock.Instant) -> [Lane.Part] {
        var parts: [Lane.Part] = []
        for (number, call) in callsUnderWay where !call.isGivenUp && call.since < latest {
            callsUnderWay[number]?.isGivenUp = true
            parts += call.batches.flatMap(\.parts)
        }
        return parts
    }

    /// Whether it has to be watched from now on, which somebody else does not do already.
    mutating func beginWatch() -> Bool {
        guard !isWatched else { return false }
        isWatched = true
        return true
    }

    /// Whether nobody is left who could wait too long, and so the watch has ended.
    mutating func endWatch() -> Bool {
        isWatched = waitingRecords > 0 || callsUnderWay.values.contains { !$0.isGivenUp }
        return !isWatched
    }

    private mutating func forget(_ part: Lane.Part) {
        waitingRecords -= part.records.count
        waitingBytes -= part.bytes
    }

    private mutating func forgetIdleLanes() {
        guard lanes.count > mostLanes else { return }
        lanes = lanes.filter { !$0.value.isForgettable }
        // Else each send would look at all that are left.
        mostLanes = max(Self.mostIdleLanes, 2 * lanes.count)
    }
}
