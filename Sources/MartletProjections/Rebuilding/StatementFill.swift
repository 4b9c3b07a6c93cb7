import MartletDomain
import MartletEventStore
import MartletPostgres

/// Fills a partition by the projection's own statements, in large batches that commit by themselves.
package actor StatementFill<Writer: ReadModelWriter>: PartitionFill {
    private let writer: Writer
    private let place: FillPlace
    private var position: GlobalPosition
    /// Everything up to here was looked at; nil when nothing was yet.
    private var seen: StoredEvent?
    private var parked: Set<String>?
    private var isSuspect: Bool

    package init(_ writer: Writer, at place: FillPlace) {
        (self.writer, self.place) = (writer, place)
        (position, isSuspect) = (place.lease.position, place.lease.isSuspect)
    }

    package let memory = 0

    package func take(_ events: [RoutedEvent<Writer.Input>], upTo end: StoredEvent) async throws {
        var rest = events[...]
        if isSuspect, !events.isEmpty {
            isSuspect = false
            try await overcome(upTo: end, isSuspect: true)
            rest = []
        }
        while !rest.isEmpty {
            let batch = Array(rest.prefix(writer.declaration.largestBatch))
            rest = rest.dropFirst(batch.count)
            do {
                try await write(batch, upTo: rest.isEmpty ? end : batch.last?.stored ?? end)
            } catch let error where error.isOfTheEvent {
                try await overcome(upTo: end)
                rest = []
            }
        }
        seen = end
    }

    private func overcome(upTo end: StoredEvent, isSuspect: Bool = false) async throws {
        try await place.overcome(from: position, upTo: end.position, isSuspect: isSuspect, writer)
        (position, parked) = (end.position, nil)
    }

    private func write(_ batch: [RoutedEvent<Writer.Input>], upTo last: StoredEvent) async throws {
        let keys = if let parked { parked } else { try await place.parkedKeys() }
        parked = keys
        let (writer, place) = (writer, place)
        try await place.commit(from: position, upTo: last) { transaction in
            place.deadLetters.enqueueWaiting(batch.filter { keys.contains($0.key) }, in: transaction)
            let free = keys.isEmpty ? batch : batch.filter { !keys.contains($0.key) }
            if !free.isEmpty { try await writer.write(free, in: transaction) }
        }
        position = last.position
    }

    package func flush(forgetting: Bool) async throws {
        guard let seen, seen.position > position else { return }
        try await place.commit(from: position, upTo: seen) { _ in }
        position = seen.position
    }

    package func restartSample() {}

    package func recall(_ events: [RoutedEvent<Writer.Input>]) {}

    package func checkSample() -> SampleVerdict? { nil }
}
