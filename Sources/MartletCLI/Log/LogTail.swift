import FoundationEssentials
import Martlet

/// Prints a topic's records, in the order in which they were appended, as far as the partitions let it know.
struct LogTail {
    private let request: LogCommand.Request.Tail
    private let log: EmbeddedLog
    private let write: (String) -> Void
    private static let page = FetchLimits(records: 200)
    private static let usualCount: Int64 = 10

    /// What is left to be printed of a partition.
    private struct Cursor {
        let partition: TopicPartition
        var next: Offset
        var page: ArraySlice<StoredRecord> = []
    }

    init(_ request: LogCommand.Request.Tail, of log: EmbeddedLog, _ write: @escaping (String) -> Void) {
        (self.request, self.log, self.write) = (request, log, write)
    }

    /// Returns at the topic's end, unless it is to follow: then when the task is cancelled.
    /// - Throws: ``StreamingLogError``, `CancellationError`.
    func run() async throws {
        var cursors = try await beginnings()
        var left = request.limit
        while left > 0 {
            for index in cursors.indices where cursors[index].page.isEmpty {
                cursors[index] = try await filled(cursors[index])
            }
            guard let index = Self.earliest(of: cursors), let record = cursors[index].page.first else {
                guard request.follows else { return }
                try await Task.sleep(for: .milliseconds(200))
                continue
            }
            write(request.isJSON ? record.jsonLine : record.line)
            cursors[index].page.removeFirst()
            left -= 1
        }
    }

    /// Which of them has the record that was appended first; nil when none has any.
    private static func earliest(of cursors: [Cursor]) -> Int? {
        let heads = cursors.enumerated().compactMap { index, cursor in
            cursor.page.first.map { (index: index, at: $0.appendedAt) }
        }
        return heads.min { $0.at < $1.at }?.index
    }

    private func beginnings() async throws -> [Cursor] {
        let found = try await log.describe(request.topic)
        if let number = request.partition, !found.partitions.indices.contains(number) {
            throw StreamingLogError.unknownPartition(
                TopicPartition(request.topic, number), of: found.partitions.count)
        }
        var cursors: [Cursor] = []
        for (number, extent) in found.partitions.enumerated() where request.partition.map({ $0 == number }) ?? true {
            let partition = TopicPartition(request.topic, number)
            cursors.append(Cursor(partition: partition, next: try await place(in: partition, extent)))
        }
        return cursors
    }

    private func place(in partition: TopicPartition, _ extent: TopicDescription.Extent) async throws -> Offset {
        switch request.from {
        case .beginning: extent.beginning
        case .end: extent.end
        case .offset(let offset): min(max(offset, extent.beginning), extent.end)
        case .time(let time): try await log.offset(in: partition, at: time) ?? extent.end
        case nil: max(extent.beginning, Offset(rawValue: extent.end.rawValue - Self.usualCount))
        }
    }

    private func filled(_ cursor: Cursor) async throws -> Cursor {
        do throws(StreamingLogError) {
            let page = try await log.fetch(cursor.partition, from: cursor.next, upTo: Self.page)
            return Cursor(
                partition: cursor.partition, next: page.last?.offset.next ?? cursor.next, page: page[...])
        } catch {
            guard case .offsetOutOfRange(_, let offset, let range) = error, offset < range.lowerBound else {
                throw error
            }
            // Retention was faster.
            return Cursor(partition: cursor.partition, next: range.lowerBound)
        }
    }
}

extension StoredRecord {
    /// `orders/2 @15  2026-11-21T12:00:00.123Z  order-17  order.placed.v1  {"…"}`
    fileprivate var line: String {
        let words = [
            "\(partition) @\(offset)", appendedAt.formatted(.precise), key.map(\.shown) ?? "no key",
            header("ce_type") ?? messageID ?? "", value.map(\.shown) ?? "no value",
        ]
        return words.filter { !$0.isEmpty }.joined(separator: "  ").onOneLine
    }
}

extension [UInt8] {
    /// As text where it is some.
    fileprivate var shown: String { String(validating: self, as: UTF8.self) ?? "\(count.counted("byte")) (no text)" }
}

extension FormatStyle where Self == Date.ISO8601FormatStyle {
    static var precise: Date.ISO8601FormatStyle { Date.ISO8601FormatStyle(includingFractionalSeconds: true) }
}
