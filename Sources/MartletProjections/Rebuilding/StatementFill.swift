import MartletDomain
import MartletEventStore
import MartletPostgres

/// Fills a partition by the projection's own statements, in large batches that commit by themselves.
package actor StatementFill<Writer: ReadModelWriter>: PartitionFill {
    private let writer: Writer
    private let place: FillPlace
    private var position: GlobalPosition
    /// Everything up to here was looked at.
    private var seen: GlobalPosition
    private var parked: Set<String>?

    package init(_ writer: Writer, at place: FillPlace) {
        (self.writer, self.place) = (writer, place)
        (position, seen) = (place.lease.position, place.lease.position)
    }

    package let memory = 0

    package func take(_ events: [RoutedEvent<Writer.Input>], upTo through: GlobalPosition) async throws {
        var rest = events[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(writer.declaration.largestBatch))
            rest = rest.dropFirst(batch.count)
            do {
                try await write(batch, upTo: rest.isEmpty ? through : batch.last?.position ?? through)
            } catch let error where error.isOfTheEvent && !(error is Checkpoint.Fenced) {
                try await place.overcome(from: position, upTo: through, writer)
                (position, rest, parked) = (through, [], nil)
            }
        }
        seen = through
    }

    private func write(_ batch: [RoutedEvent<Writer.Input>], upTo new: GlobalPosition) async throws {
        let keys = if let parked { parked } else { try await place.parkedKeys() }
        parked = keys
        let (writer, place) = (writer, place)
        try await place.commit(from: position, to: new, last: batch.last?.stored) { transaction in
            place.deadLetters.enqueueWaiting(batch.filter { keys.contains($0.key) }, in: transaction)
            let free = keys.isEmpty ? batch : batch.filter { !keys.contains($0.key) }
            if !free.isEmpty { try await writer.write(free, in: transaction) }
        }
        position = new
    }

    package func flush(forgetting: Bool) async throws {
        guard seen > position else { return }
        try await place.commit(from: position, to: seen, last: nil) { _ in }
        position = seen
    }

    package func restartSample() {}

    package func recall(_ events: [RoutedEvent<Writer.Input>]) {}

    package func checkSample() -> SampleVerdict? { nil }
}
