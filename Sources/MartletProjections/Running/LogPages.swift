import MartletDomain
import MartletEventStore

/// Pages of the log, read and decoded once for all workers of a projection in this process, one page ahead of them.
actor LogPages<Writer: ReadModelWriter> {
    struct Page: Sendable {
        /// Those that the projection takes, and the partition that each belongs to.
        let events: [(event: RoutedEvent<Writer.Input>, partition: Int)]
        /// Everything up to here was looked at.
        let through: GlobalPosition
        /// The event that stands there.
        let last: StoredEvent?
        /// Whether there may be more after it: it has as many events as were asked for.
        let isFull: Bool
        /// How many events of the log it was made of, and their bytes.
        let extent: (events: Int, bytes: Int)

        /// What of it lies beyond a position.
        /// - Parameter isEnd: whether the log is known to end with it.
        func rest(after position: GlobalPosition, isEnd: Bool) -> Page {
            let first = events.firstIndex { $0.event.position > position } ?? events.endIndex
            return Page(
                events: first == 0 ? events : Array(events[first...]), through: through, last: last,
                isFull: isFull || !isEnd, extent: extent)
        }
    }

    private struct Entry {
        let position: GlobalPosition
        let begun: ContinuousClock.Instant
        let generation: UInt64
        let task: Task<Page, any Error>
        /// Once it was read.
        var page: Page?

        func reaches(beyond position: GlobalPosition) -> Bool {
            guard let page else { return false }
            return self.position <= position && position < page.through
        }

        /// Whether it tells the end of the log, too, as well as a look now would.
        func isFresh(since generation: UInt64) -> Bool {
            self.generation >= generation && .now - begun < .milliseconds(20)
        }
    }

    private let writer: Writer
    private let store: EventStore
    private let partitions: Int
    private var size: PageSize
    private var entries: [Entry] = []
    /// Workers that are busy fall behind each other by as much as is appended meanwhile, in pages that are not full; whoever
    /// is further behind reads for itself. Were they to do so all the time, each would read the whole log.
    private static var capacity: Int { 32 }
    /// Of events as they are stored; decoded ones take some three times as much.
    private static var byteCapacity: Int { 16 << 20 }

    /// - Parameter partitions: how many the keys are divided among.
    init(_ writer: Writer, _ store: EventStore, partitions: Int) {
        (self.writer, self.store, self.partitions) = (writer, store, partitions)
        size = PageSize(largest: writer.declaration.largestBatch)
    }

    /// What is known after a position: at least one page, and those behind it that were read already. Who has fallen behind
    /// takes more at a time than who is ahead, and so all stay within what is kept.
    /// - Parameter generation: of the wake-ups that the caller has seen: what was begun before says nothing about what
    ///   was appended since.
    func pages(after position: GlobalPosition, since generation: UInt64) async throws -> [Page] {
        var pages = [try await page(after: position, since: generation)]
        while let last = pages.last, last.isFull,
            let next = entries.last(where: { $0.reaches(beyond: last.through) }), let page = next.page
        {
            pages.append(page.rest(after: last.through, isEnd: next.isFresh(since: generation)))
        }
        if let last = pages.last { readAhead(of: last, generation) }
        return pages
    }

    private func page(after position: GlobalPosition, since generation: UInt64) async throws -> Page {
        if let known = entries.last(where: { $0.reaches(beyond: position) }), let page = known.page {
            return page.rest(after: position, isEnd: known.isFresh(since: generation))
        }
        if let entry = entries.last(where: { $0.position == position }),
            case .success(let page) = await entry.task.result
        {
            note(page, of: entry)
            let isEnd = entry.isFresh(since: generation)
            // What it has is true however old it is; that there is no more has to be new.
            if isEnd || page.through > position { return page.rest(after: position, isEnd: isEnd) }
        }
        let entry = begin(position, generation)
        do {
            let page = try await entry.task.value
            note(page, of: entry)
            return page
        } catch {
            entries.removeAll { $0.task == entry.task }
            throw error
        }
    }

    private func note(_ page: Page, of entry: Entry) {
        guard let index = entries.firstIndex(where: { $0.task == entry.task }) else { return }
        entries[index].page = page
        drop()
    }

    /// Keeps what workers need that have fallen behind each other by a few hundred milliseconds; two full pages that are
    /// worked on and two ahead of them in any case.
    private func drop() {
        var bytes = entries.map { $0.page?.extent.bytes ?? 0 }.reduce(0, +)
        while entries.count > Self.capacity || (entries.count > 4 && bytes > Self.byteCapacity) {
            bytes -= entries.removeFirst().page?.extent.bytes ?? 0
        }
    }

    /// Reads anew what is asked for next: the server that it was read from may be gone, and some of the log with it.
    func forget() { entries = [] }

    private func begin(_ position: GlobalPosition, _ generation: UInt64) -> Entry {
        let (store, writer, partitions, limit) = (store, writer, partitions, size.limit)
        let task = Task { try await Self.read(after: position, limit, store, writer, partitions) }
        let entry = Entry(position: position, begun: .now, generation: generation, task: task)
        entries.removeAll { $0.position == position }
        entries.append(entry)
        drop()
        return entry
    }

    private func readAhead(of page: Page, _ generation: UInt64) {
        size.found(events: page.extent.events, bytes: page.extent.bytes)
        let isBegun = entries.contains { $0.position == page.through }
        if page.isFull, !isBegun { _ = begin(page.through, generation) }
    }

    private static func read(
        after position: GlobalPosition, _ limit: Int, _ store: EventStore, _ writer: Writer, _ partitions: Int
    ) async throws -> Page {
        let stored = try await store.logPage(after: position, limit: limit)
        var events: [(event: RoutedEvent<Writer.Input>, partition: Int)] = []
        events.reserveCapacity(stored.count)
        let sources = Writer.Input.sources
        var bytes = 0
        for stored in stored {
            bytes += stored.payload.count + stored.metadata.count
            if let event = writer.route(stored, store, from: sources) {
                events.append((event, writer.partition(of: event.key, among: partitions)))
            }
        }
        return Page(
            events: events, through: stored.last?.position ?? position, last: stored.last,
            isFull: stored.count == limit, extent: (stored.count, bytes))
    }
}

extension ReadModelWriter {
    /// The event on its way, or nil when it has no effect on the read model.
    /// - Parameter sources: those of the input, which whoever routes many events makes once.
    func route(
        _ stored: StoredEvent, _ store: EventStore, from sources: [EventSource<Input>] = Input.sources
    ) -> RoutedEvent<Input>? {
        do throws(EventStoreError) {
            guard let input = try store.decode(stored, from: sources), let key = key(of: input, in: stored.stream)
            else { return nil }
            return RoutedEvent(stored: stored, input: .success(input), key: key)
        } catch {
            let key = keyOfUnreadable(in: stored.stream)
            // Where it cannot be told, the stream's name stands for it.
            return RoutedEvent(
                stored: stored, input: .failure(error), key: key ?? stored.stream.description, isKeyKnown: key != nil)
        }
    }
}
