import Martlet

/// The topics of a log.
struct LogTopics: LogAnswer {
    struct Topic: Encodable {
        let name: String
        let partitions: [Extent]
        let isCompacted: Bool
        let retentionSeconds: Double?
        let retentionBytes: Int64?
        let protectedGroups: [String]
    }

    struct Extent: Encodable {
        let beginning: Int64
        let end: Int64
    }

    let topics: [Topic]

    init(_ found: [TopicDescription]) {
        topics = found.map { found in
            let retention = found.topic.retention
            return Topic(
                name: found.topic.name.description,
                partitions: found.partitions.map { Extent(beginning: $0.beginning.rawValue, end: $0.end.rawValue) },
                isCompacted: found.topic.isCompacted, retentionSeconds: retention.time.map { $0 / .seconds(1) },
                retentionBytes: retention.bytes,
                protectedGroups: retention.protecting.map(\.description).sorted())
        }
    }

    var lines: [String] {
        guard !topics.isEmpty else { return ["the log has no topics"] }
        var table = TextTable(.text("topic"), .number("partitions"), .number("records"), .text("kept"))
        for topic in topics {
            // Of a compacted topic some offsets have no record any more.
            let records = topic.partitions.reduce(0) { $0 + Int($1.end - $1.beginning) }
            table.add(
                .text(topic.name), .number(topic.partitions.count.grouped),
                .number((topic.isCompacted ? "up to " : "") + records.grouped), .text(topic.kept))
        }
        return table.lines
    }
}

extension LogTopics.Topic {
    fileprivate var kept: String {
        var words: [String] = isCompacted ? ["the last of each key"] : []
        if let retentionSeconds { words.append("for \(Duration.seconds(retentionSeconds).rounded)") }
        if let retentionBytes { words.append("up to \(Int(retentionBytes).grouped) bytes") }
        if !protectedGroups.isEmpty { words.append("until read by \(protectedGroups.joined(separator: ", "))") }
        return words.isEmpty ? "for ever" : words.joined(separator: ", ")
    }
}
