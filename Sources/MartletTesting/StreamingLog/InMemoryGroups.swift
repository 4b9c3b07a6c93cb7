import FoundationEssentials
import MartletStreamingLog

/// All groups of readers, as plain data.
struct InMemoryGroups {
    private var groups: [GroupName: Group] = [:]
    private var lastEpoch: Int64 = 0

    struct Group {
        var members: [UUID: Member] = [:]
        var places: [TopicPartition: Place] = [:]
    }

    struct Member {
        var expiresAt: Date
        var topics: [TopicName]
    }

    struct Place {
        var member: UUID?
        var leasedUntil = Date.distantPast
        var epoch: Int64 = 0
        var committed: Offset?
        var isSought = false
    }

    var names: [GroupName] { groups.keys.sorted() }

    subscript(name: GroupName) -> Group { groups[name] ?? Group() }

    func committed(in partition: TopicPartition, by group: GroupName) -> Offset? {
        groups[group]?.places[partition]?.committed
    }

    func activeMembers(of group: GroupName, at now: Date) -> Int {
        self[group].members.values.count { $0.expiresAt >= now }
    }

    mutating func forget(_ topic: TopicName) {
        groups = groups.mapValues { group in
            var left = group
            left.places = group.places.filter { $0.key.topic != topic }
            for member in group.members.keys { left.members[member]?.topics.removeAll { $0 == topic } }
            return left
        }
    }

    mutating func delete(_ group: GroupName) { groups[group] = nil }

    /// Renews a member's leases and gives it its fair share of what is free; says also whether others have to give some
    /// back for it.
    /// - Parameter topics: how many partitions each topic has of which the member reads any.
    mutating func claim(
        _ topics: [TopicName: Int], for name: GroupName, member me: UUID, lease: Duration, at now: Date
    ) -> (leases: [GroupLease], mustCall: Bool) {
        var group = self[name]
        let until = now.addingTimeInterval(lease / .seconds(1))
        let hasJoined = group.members[me] == nil
        group.members = group.members.filter { $0.key == me || $0.value.expiresAt >= now }
        group.members[me] = Member(expiresAt: until, topics: topics.keys.sorted())
        for (place, kept) in group.places where kept.member == me { group.places[place]?.leasedUntil = until }
        for (topic, count) in topics {
            // Those that were added since are read from their beginning.
            let known = group.places.keys.count { $0.topic == topic }
            for number in known..<max(known, count) {
                group.places[TopicPartition(topic, number)] = Place(committed: known > 0 ? 0 : nil)
            }
        }
        var leases: [GroupLease] = []
        var lacksSome = false
        for (topic, share) in group.shares(of: me) where topics[topic] != nil {
            let held = group.places.keys.filter { $0.topic == topic && group.places[$0]?.member == me }
            var missing = share - held.count
            for place in group.free(in: topic, at: now).prefix(max(0, missing)) {
                lastEpoch += 1
                var leased = group.places[place] ?? Place()
                (leased.member, leased.leasedUntil, leased.epoch) = (me, until, lastEpoch)
                group.places[place] = leased
                missing -= 1
            }
            lacksSome = lacksSome || missing > 0
            let mine = group.places.filter { $0.key.topic == topic && $0.value.member == me }
            for (number, place) in mine.sorted(by: { $0.key < $1.key }).enumerated() {
                leases.append(GroupLease(partition: place.key, epoch: place.value.epoch, isSurplus: number >= share))
            }
        }
        groups[name] = group
        return (leases.sorted { $0.partition < $1.partition }, hasJoined && lacksSome)
    }

    mutating func release(_ partitions: [TopicPartition]?, of name: GroupName, member: UUID) {
        for (place, kept) in self[name].places
        where kept.member == member && partitions?.contains(place) ?? true {
            groups[name]?.places[place]?.member = nil
            groups[name]?.places[place]?.leasedUntil = .distantPast
        }
        if partitions == nil { groups[name]?.members[member] = nil }
    }

    mutating func commit(_ offset: Offset, in partition: TopicPartition, by group: GroupName) {
        groups[group]?.places[partition]?.committed = offset
        groups[group]?.places[partition]?.isSought = false
    }

    /// Commits a place for a group that nobody reads for, under a new epoch.
    mutating func set(_ partition: TopicPartition, of name: GroupName, to offset: Offset) {
        lastEpoch += 1
        groups[name, default: Group()].places[partition] = Place(epoch: lastEpoch, committed: offset, isSought: true)
    }
}

extension InMemoryGroups.Group {
    /// How many partitions a member should have of each topic. Those that do not divide go round from topic to topic.
    fileprivate func shares(of me: UUID) -> [(topic: TopicName, share: Int)] {
        var leftovers = 0
        return Set(members.values.flatMap(\.topics)).sorted().map { topic in
            let readers = members.filter { $0.value.topics.contains(topic) }.keys
            let rank = readers.count { $0.uuidString < me.uuidString }
            let total = places.keys.count { $0.topic == topic }
            let extra = total % readers.count
            let turn = ((rank - leftovers) % readers.count + readers.count) % readers.count
            leftovers += extra
            return (topic, total / readers.count + (turn < extra ? 1 : 0))
        }
    }

    fileprivate func free(in topic: TopicName, at now: Date) -> [TopicPartition] {
        places.filter { $0.key.topic == topic && ($0.value.member == nil || $0.value.leasedUntil < now) }.keys.sorted()
    }
}
