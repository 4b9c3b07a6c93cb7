import MartletPostgres
import MartletProjections

/// Delivers a partition's effects for as long as this process has it: in order within each lane, many lanes at once.
///
/// It reads on from the last effect that it has seen, whenever a batch is committed; and from time to time, since a bell
/// may be missed.
struct Courier<P: ProcessManager> {
    enum News: Sendable {
        /// A batch was committed.
        case rang
        case alarm(ContinuousClock.Instant)
        case ended(feed: Int, PendingEffect, DeliveryEnd)
    }

    let surroundings: ProcessSurroundings<P>
    let partition: AttendedPartition
    var feeds: [Feed]
    let providers: [String]
    /// The last effect that was there before this process had the partition; nil before that is known.
    var inherited: Int64?
    /// Delivered, and not yet taken off the table.
    var delivered: [Int64] = []
    /// How many tries are under way for each instance.
    var tries: [String: Int] = [:]
    /// Tries under way that are written down.
    var counted: [Int64: PendingEffect] = [:]
    private var isListening = false
    private var alarm: ContinuousClock.Instant?
    /// Whether to look at the table now, and when to do so anyway.
    var (isDue, nextLook) = (true, ContinuousClock.now)
    /// How often it has looked.
    var looks = 0
    var failures = 0
    let backoff = Backoff(base: .milliseconds(50), limit: .seconds(1))
    static var pollInterval: Duration { .seconds(5) }
    /// How long what was delivered may stay on the table, and how much of it.
    static var deliveredInterval: Duration { .milliseconds(50) }
    static var deliveredCount: Int { 100 }

    init(_ surroundings: ProcessSurroundings<P>, _ partition: AttendedPartition) {
        (self.surroundings, self.partition) = (surroundings, partition)
        providers = surroundings.gates.keys.sorted()
        feeds = [Feed()] + surroundings.gates.sorted { $0.key < $1.key }.map { Feed($0.value) }
    }

    /// Runs until the task is cancelled.
    mutating func run() async {
        await withTaskGroup(of: News.self) { group in
            while !Task.isCancelled {
                let generation = await surroundings.bells[partition.number].generation
                if wantsLook { await look() }
                start(&group)
                listen(since: generation, &group)
                setAlarm(&group)
                switch await group.next() {
                case .rang?: (isListening, isDue) = (false, true)
                case .alarm(let moment)?: if alarm == moment { alarm = nil }
                case .ended(let feed, let pending, let end)?: take(end, of: pending, from: feed)
                case nil: return
                }
            }
            group.cancelAll()
        }
        // A task of its own, since this one is cancelled.
        await Task { [surroundings, partition, delivered, counted] in
            await surroundings.leaveInOrder(delivered: delivered, cut: Array(counted.values), at: partition)
        }.value
    }

    private mutating func listen(since generation: UInt64, _ group: inout TaskGroup<News>) {
        guard !isListening else { return }
        isListening = true
        group.addTask { [bell = surroundings.bells[partition.number]] in
            await bell.wait(since: generation, atMost: .seconds(3600))
            return .rang
        }
    }

    /// One that is set for earlier is added to those that are set already.
    private mutating func setAlarm(_ group: inout TaskGroup<News>) {
        let rests = partition.isRevoked ? [] : feeds.compactMap(\.lanes.nextRest)
        let moment = rests.min().map { min($0, nextLook) } ?? nextLook
        guard moment < alarm ?? .now + .seconds(3600) else { return }
        alarm = moment
        group.addTask {
            do { try await Task.sleep(until: moment, clock: .continuous) } catch {}
            return .alarm(moment)
        }
    }
}
