import FoundationEssentials
import MartletDomain
import MartletEventStore
import MartletPostgres
import MartletProjections

/// Appends to the journals of a partition's instances that their timers are due, for as long as this process has it.
///
/// It looks when a batch was committed, though not more than ten times a second, and when the next timer is due.
struct TimerWatch<P: ProcessManager>: Sendable {
    private let surroundings: ProcessSurroundings<P>
    private let partition: AttendedPartition
    private let backoff = Backoff(base: .milliseconds(50), limit: .milliseconds(500))
    private static var pollInterval: Duration { .seconds(5) }
    private static var rest: Duration { .milliseconds(100) }
    private static var pageSize: Int { 500 }

    init(_ surroundings: ProcessSurroundings<P>, _ partition: AttendedPartition) {
        (self.surroundings, self.partition) = (surroundings, partition)
    }

    private struct DueTimer: Sendable {
        let instance: String
        let timer: TimerName
        let number: Int
        let at: Date
    }

    /// Runs until the task is cancelled.
    func run() async {
        let bell = surroundings.bells[partition.number]
        var failures = 0
        while !Task.isCancelled {
            do {
                let generation = await bell.generation
                let (due, next) = partition.isRevoked ? ([], nil) : try await dueTimers()
                if !due.isEmpty { try await fire(due) }
                failures = 0
                guard due.count < Self.pageSize else { continue }
                try await Task.sleep(for: Self.rest)
                await bell.wait(since: generation, atMost: min(next ?? Self.pollInterval, Self.pollInterval))
            } catch {
                failures += 1
                do { try await Task.sleep(for: backoff.delay(after: failures)) } catch { return }
            }
        }
    }

    /// Those that are due, the longest first, and how long it is until the next one.
    private func dueTimers() async throws -> ([DueTimer], next: Duration?) {
        let rows = try await surroundings.ask(
            """
            WITH moment AS MATERIALIZED (SELECT \(surroundings.time.now()) AS now), timers AS (
                (SELECT t.instance, t.timer, t.number, t.due_at FROM \(surroundings.schema).process_timers t
                WHERE \(areHere) AND t.due_at <= (SELECT now FROM moment) ORDER BY t.due_at LIMIT \(Self.pageSize))
                UNION ALL
                (SELECT t.instance, t.timer, t.number, t.due_at FROM \(surroundings.schema).process_timers t
                WHERE \(areHere) AND t.due_at > (SELECT now FROM moment) ORDER BY t.due_at LIMIT 1)
            )
            SELECT t.instance, t.timer, t.number, t.due_at,
                (extract(epoch FROM t.due_at - m.now) * 1000)::float8 AS wait
            FROM timers t, moment m ORDER BY t.due_at
            """)
        var due: [DueTimer] = []
        for row in rows {
            let wait = try row.decode("wait", as: Double.self)
            guard wait <= 0 else { return (due, .milliseconds(min(wait, 3_600_000).rounded(.up))) }
            due.append(
                DueTimer(
                    instance: try row.decode("instance"), timer: TimerName(rawValue: try row.decode("timer")),
                    number: Int(try row.decode("number", as: Int32.self)), at: try row.decode("due_at")))
        }
        return (due, nil)
    }

    private var areHere: SQL {
        "t.place = \(partition.place) AND t.fired_at IS NULL"
    }

    /// One that cannot be told of keeps none of the others waiting.
    /// - Throws: the first failure, once the others are told of.
    private func fire(_ due: [DueTimer]) async throws {
        let outcomes = await withTaskGroup(of: (timer: DueTimer, failure: AppendError?).self) { group in
            for timer in due { group.addTask { (timer, await failure(toTellOf: timer)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        try await note(outcomes.filter { $0.failure == nil }.map(\.timer))
        if let failure = outcomes.lazy.compactMap(\.failure).first { throw failure }
    }

    private func failure(toTellOf timer: DueTimer) async -> AppendError? {
        do throws(AppendError) {
            try await surroundings.record(
                .timerDue(timer: timer.timer, number: timer.number, at: timer.at),
                on: Journal<P>.ID(timer.instance),
                as: CommandID("\(P.name)/\(timer.instance)/\(timer.number)/due"))
            return nil
        } catch { return error }
    }

    private func note(_ due: [DueTimer]) async throws {
        guard !due.isEmpty else { return }
        _ = try await surroundings.ask(
            """
            UPDATE \(surroundings.schema).process_timers t SET fired_at = clock_timestamp()
            FROM unnest(\(due.map(\.instance)), \(due.map { Int32(clamping: $0.number) })) AS d (instance, number)
            WHERE t.build = \(partition.build) AND t.instance = d.instance AND t.number = d.number
            """)
    }
}
