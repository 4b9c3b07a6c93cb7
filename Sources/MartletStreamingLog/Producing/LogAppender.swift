import MartletPostgres
import Synchronization

/// Gathers the records that all producers of a process send while calls are under way, and sends them as one: one commit.
///
/// Nothing waits for a clock: records that find it idle go at once. While there is anything, a look about once a second
/// answers what has waited for too long, whatever becomes of the calls under way.
final class LogAppender: Sendable {
    private let storage: any LogStorage
    private let state = Mutex(LogAppenderState())
    private let backoff = Backoff(base: .milliseconds(10), limit: .milliseconds(500))
    /// How long records wait to be sent, and how long a call is tried again, before the caller gets an error; twice as long
    /// for a call that never ends.
    private let patience: Duration

    init(_ storage: any LogStorage, patience: Duration = .seconds(15)) {
        (self.storage, self.patience) = (storage, patience)
    }

    /// How each part ended, in their order. A caller that is cancelled takes back what has not been sent.
    func append(_ parts: [(lane: Lane.ID, records: [Record])]) async -> [Delivery.Answer] {
        let delivery = Delivery(parts: parts.count)
        let queued = parts.enumerated().map { number, part in
            (lane: part.lane, part: Lane.Part(part.records, of: delivery, number: number))
        }
        let (refusal, mustWatch) = state.withLock { state in
            let refusal = state.admit(queued)
            return (refusal, refusal == nil && state.beginWatch())
        }
        if let refusal { return parts.map { _ in .failure(refusal) } }
        if mustWatch { Task { await watch() } }
        sendNext()
        return await withTaskCancellationHandler {
            await delivery.answers()
        } onCancel: {
            let removed = state.withLock { $0.remove { $0.delivery === delivery } }
            for part in removed { part.answer(.failure(.cancelled)) }
        }
    }

    private func sendNext() {
        while let call = state.withLock({ $0.takeCall() }) {
            // A task of its own: no caller's cancellation can reach a statement whose commit may be under way.
            Task { await send(call) }
        }
    }

    /// Answers what waits for too long, until nobody waits any more: one task, however many send.
    private func watch() async {
        repeat {
            // The task is this appender's own; nobody cancels it.
            do { try await Task.sleep(for: min(.seconds(1), patience / 4)) } catch {}
            let now = ContinuousClock.now
            let (late, hanging, waiting) = state.withLock { state in
                let late = state.remove { $0.since < now - patience }
                return (late, state.giveUp(before: now - patience * 2), state.waitingRecords)
            }
            for part in late { part.answer(.failure(.overloaded(waiting: waiting))) }
            for part in hanging { part.answer(.failure(.database(.noAnswer(to: part, within: patience * 2)))) }
        } while !state.withLock { $0.endWatch() }
    }

    private func send(_ call: LogCall) async {
        let (answers, sequences) = await outcome(of: call.batches)
        // First the lanes are free, or an answered caller's next records would find them taken.
        let awaited = state.withLock { $0.finish(call, sequences: sequences) }
        for answer in answers { answer() }
        if let awaited { await linger(for: awaited) }
        sendNext()
    }

    /// Lets the callers who have just been answered come back with their next records, for as long as some do.
    private func linger(for awaited: Int) async {
        var before = -1
        while case let waiting = state.withLock({ $0.waitingRecords }), waiting < awaited, waiting > before {
            before = waiting
            await Task.yield()
        }
        state.withLock { $0.isLingering = false }
    }

    /// What to tell the callers, and what is known of each lane's sequences then.
    private func outcome(of call: [LaneBatch]) async -> (answers: [() -> Void], sequences: [Lane.Sequences]) {
        guard let topic = call.first?.lane.partition.topic else { return ([], []) }
        var batches = call
        do throws(StreamingLogError) {
            try await learnLasts(of: &batches, in: topic)
            for index in batches.indices { batches[index].number() }
            let filled = batches.indices.filter { !batches[$0].records.isEmpty }
            var verdicts = try await append(filled, of: batches, to: topic)
            let anew = batches.beginAnew(after: verdicts)
            if !anew.isEmpty {
                verdicts.removeAll { anew.contains($0.0) }
                verdicts += try await append(anew, of: batches, to: topic)
            }
            var sequences = batches.map(\.sequences)
            var answers: [() -> Void] = []
            for (index, verdict) in verdicts {
                let batch = batches[index]
                sequences[index] = batch.sequencesOnceAppended
                if case .appended = verdict {} else { sequences[index].last = nil }
                answers.append { batch.answer(verdict) }
            }
            return (answers, sequences)
        } catch {
            let failed = batches
            let unknown = failed.map { Lane.Sequences(highest: $0.sequences.highest) }
            return ([{ for batch in failed { batch.fail(error) } }], unknown)
        }
    }

    private func learnLasts(of batches: inout [LaneBatch], in topic: TopicName) async throws(StreamingLogError) {
        let unknown = Set(batches.filter { $0.sequences.last == nil }.map(\.lane.producer))
        for producer in unknown {
            let lasts = try await persisting { () async throws(StreamingLogError) in
                try await self.storage.lastSequences(of: producer, in: topic)
            }
            for index in batches.indices where batches[index].lane.producer == producer {
                let partition = batches[index].lane.partition.number
                batches[index].sequences.last = lasts.indices.contains(partition) ? lasts[partition] : -1
            }
        }
    }

    /// The verdicts on some of the batches.
    private func append(
        _ sent: [Int], of batches: [LaneBatch], to topic: TopicName
    ) async throws(StreamingLogError) -> [(Int, BatchVerdict)] {
        guard !sent.isEmpty else { return [] }
        let sent = sent.sorted { batches[$0].lane.partition < batches[$1].lane.partition }
        let call = sent.map { index in
            let batch = batches[index]
            return RecordBatch(
                producer: batch.lane.producer, epoch: batch.lane.epoch, partition: batch.lane.partition.number,
                after: batch.after, records: batch.records)
        }
        let verdicts = try await persisting { () async throws(StreamingLogError) in
            try await self.storage.append(call, to: topic)
        }
        guard verdicts.count == sent.count else {
            throw .corrupt("expected \(sent.count) verdicts, found \(verdicts.count)")
        }
        return Array(zip(sent, verdicts))
    }

    /// Tries again what may have worked, or may work later: what is there already is recognised by its sequences.
    private func persisting<Result>(
        _ body: () async throws(StreamingLogError) -> Result
    ) async throws(StreamingLogError) -> Result {
        let deadline = ContinuousClock.now + patience
        var failures = 0
        while true {
            do throws(StreamingLogError) { return try await body() } catch {
                guard error.mayPass, ContinuousClock.now < deadline else { throw error }
            }
            failures += 1
            // The task is this appender's own; nobody cancels it.
            do { try await Task.sleep(for: backoff.delay(after: failures)) } catch {}
        }
    }
}

extension PostgresError {
    /// Leaves the outcome unknown, as where the link is lost.
    fileprivate static func noAnswer(to part: Lane.Part, within time: Duration) -> PostgresError {
        PostgresError(
            sqlState: .connectionFailure,
            message: "no answer within \(time) to \(part.records.count) records: they may have been appended, or not")
    }
}

extension StreamingLogError {
    /// Whether asking again may end otherwise.
    var mayPass: Bool {
        guard case .database(let error) = self else { return false }
        // What the standby may lack would be found here, which says nothing of the standby.
        guard error.sqlState != .statementCompletionUnknown else { return false }
        return error.leavesOutcomeUnknown || error.isUnavailability || error.isOfTheMoment
    }
}
