import Martlet

/// The groups of readers, and how far they have come.
struct LogGroups: LogAnswer {
    struct Group: Encodable {
        let name: String
        let members: Int
        let partitions: [Partition]
    }

    struct Partition: Encodable {
        let topic: String
        let number: Int
        let committed: Int64?
        let end: Int64
        let lag: Int64
        let lagSeconds: Double
        let member: String?
    }

    let groups: [Group]

    var lines: [String] {
        guard !groups.isEmpty else { return ["nobody has read the log as a group"] }
        var table = TextTable(
            .text("group"), .text("partition"), .number("committed"), .number("end"), .number("lag"),
            .number("behind"), .text("read by"))
        for group in groups {
            for partition in group.partitions {
                table.add(
                    .text(group.name), .text("\(partition.topic)/\(partition.number)"),
                    .number(partition.committed.map { Int($0).grouped } ?? "none"),
                    .number(Int(partition.end).grouped), .number(Int(partition.lag).grouped),
                    .number(Duration.seconds(partition.lagSeconds).rounded), .text(partition.member ?? "nobody"))
            }
        }
        return table.lines
    }
}

extension LogGroups.Group {
    init(_ group: GroupDescription, _ lags: [PartitionLag]) {
        name = group.name.description
        members = group.members
        partitions = lags.map { lag in
            LogGroups.Partition(
                topic: lag.partition.topic.description, number: lag.partition.number,
                committed: lag.committed?.rawValue, end: lag.end.rawValue, lag: lag.records,
                lagSeconds: lag.time / .seconds(1), member: lag.member?.text)
        }
    }
}
