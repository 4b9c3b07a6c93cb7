import FoundationEssentials
import MartletStreamingLog

extension InMemoryLogStorage: GroupStorage {
    func claim(
        _ topics: [TopicName], for group: GroupName, member: UUID, lease: Duration
    ) async throws(StreamingLogError) -> [GroupLease] {
        let (leases, mustCall) = try withContents { contents throws(StreamingLogError) in
            var counts: [TopicName: Int] = [:]
            for name in topics { counts[name] = try contents[name].partitions.count }
            return contents.groups.claim(counts, for: group, member: member, lease: lease, at: now)
        }
        if mustCall { await signals.wake(group) }
        return leases
    }

    func release(_ partitions: [TopicPartition]?, of group: GroupName, member: UUID) async throws(StreamingLogError) {
        try withContents { contents throws(StreamingLogError) in
            contents.groups.release(partitions, of: group, member: member)
        }
        await signals.wake(group)
    }

    func committed(
        in partition: TopicPartition, by group: GroupName, epoch: Int64
    ) async throws(StreamingLogError) -> CommittedPlace? {
        try withContents { contents throws(StreamingLogError) in
            guard let place = contents.groups[group].places[partition], place.epoch == epoch else {
                throw .revoked(partition)
            }
            return place.committed.map { CommittedPlace($0, isSought: place.isSought) }
        }
    }

    func commit(
        _ offset: Offset, in partition: TopicPartition, by group: GroupName, epoch: Int64
    ) async throws(StreamingLogError) {
        try withContents { contents throws(StreamingLogError) in
            guard contents.groups[group].places[partition]?.epoch == epoch else { throw .revoked(partition) }
            contents.groups.commit(offset, in: partition, by: group)
        }
    }

    func groups() async throws(StreamingLogError) -> [GroupDescription] {
        try withContents { contents throws(StreamingLogError) in
            contents.groups.names.map { name in
                GroupDescription(
                    name: name, members: contents.groups.activeMembers(of: name, at: now),
                    topics: Set(contents.groups[name].places.keys.map(\.topic)).sorted())
            }
        }
    }

    func lag(of group: GroupName) async throws(StreamingLogError) -> [PartitionLag] {
        try withContents { contents throws(StreamingLogError) in
            var lags: [PartitionLag] = []
            for (place, kept) in contents.groups[group].places.sorted(by: { $0.key < $1.key }) {
                let partition = try contents.partition(place)
                let unread = max(kept.committed ?? 0, partition.beginning)
                let first = partition.records(from: unread, upTo: FetchLimits(records: 1)).first
                lags.append(
                    PartitionLag(
                        partition: place, committed: kept.committed, end: partition.end,
                        records: max(0, partition.end.rawValue - unread.rawValue),
                        time: .seconds(first.map { max(0, now.timeIntervalSince($0.appendedAt)) } ?? 0),
                        member: kept.leasedUntil >= now ? kept.member : nil))
            }
            return lags
        }
    }

    func seek(_ group: GroupName, in topic: TopicName, to place: SeekPlace) async throws(StreamingLogError) {
        try withContents { contents throws(StreamingLogError) in
            let found = try contents[topic]
            try contents.refuseActive(group, at: now)
            for (number, partition) in found.partitions.enumerated() {
                contents.groups.set(TopicPartition(topic, number), of: group, to: place.offset(in: partition))
            }
        }
    }

    func delete(group: GroupName) async throws(StreamingLogError) {
        try withContents { contents throws(StreamingLogError) in
            try contents.refuseActive(group, at: now)
            contents.groups.delete(group)
        }
    }
}

extension InMemoryLogStorage.Contents {
    fileprivate func refuseActive(_ group: GroupName, at now: Date) throws(StreamingLogError) {
        let members = groups.activeMembers(of: group, at: now)
        guard members == 0 else { throw .groupIsActive(group, members: members) }
    }
}

extension SeekPlace {
    /// The nearest one that there is.
    fileprivate func offset(in partition: InMemoryPartition) -> Offset {
        switch self {
        case .beginning: partition.beginning
        case .end: partition.end
        case .offset(let offset): min(max(offset, partition.beginning), partition.end)
        case .time(let time): partition.offset(at: time.inMicroseconds) ?? partition.end
        }
    }
}
