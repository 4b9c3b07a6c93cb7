extension GroupStorage {
    /// Where a member that has just come to have a partition begins to read.
    func start(
        of lease: GroupLease, for group: GroupName, _ start: ConsumeOptions.Start
    ) async throws(StreamingLogError) -> CommittedPlace {
        let partition = lease.partition
        if let committed = try await committed(in: partition, by: group, epoch: lease.epoch) { return committed }
        guard case .end = start else { return CommittedPlace(try await offset(of: .beginning, in: partition)) }
        let end = try await offset(of: .end, in: partition)
        try await commit(end, in: partition, by: group, epoch: lease.epoch)
        return CommittedPlace(end, isSought: true)
    }

    func offset(
        of place: SeekPlace, in partition: TopicPartition
    ) async throws(StreamingLogError) -> Offset {
        switch place {
        case .offset(let offset): return offset
        case .time(let time):
            if let offset = try await offset(in: partition, at: time) { return offset }
            return try await extent(of: partition).end
        case .beginning: return try await extent(of: partition).beginning
        case .end: return try await extent(of: partition).end
        }
    }

    private func extent(of partition: TopicPartition) async throws(StreamingLogError) -> TopicDescription.Extent {
        guard let found = try await topics(named: [partition.topic]).first else { throw .unknownTopic(partition.topic) }
        guard found.partitions.indices.contains(partition.number) else {
            throw .unknownPartition(partition, of: found.topic.partitions)
        }
        return found.partitions[partition.number]
    }
}
