/// Values by their keys, bounded by number and by size; the one that was used longest ago goes first.
///
/// A list linked through an array, so that a use moves a few numbers and allocates nothing.
struct RecencyList<Key: Hashable, Value> {
    private struct Entry {
        let key: Key
        var value: Value
        var size: Int
        /// The places of its neighbours.
        var newer: Int?
        var older: Int?
    }

    let maximumCount: Int
    let maximumSize: Int
    private(set) var size = 0
    private var places: [Key: Int] = [:]
    private var entries: [Entry?] = []
    private var free: [Int] = []
    private var newest: Int?
    private var oldest: Int?

    init(maximumCount: Int, maximumSize: Int) {
        (self.maximumCount, self.maximumSize) = (maximumCount, maximumSize)
    }

    var count: Int { places.count }

    /// Not a use.
    func peek(_ key: Key) -> Value? { places[key].flatMap { entries[$0]?.value } }

    func size(of key: Key) -> Int? { places[key].flatMap { entries[$0]?.size } }

    mutating func use(_ key: Key) -> (value: Value, size: Int)? {
        guard let place = places[key] else { return nil }
        moveToFront(place)
        return entries[place].map { ($0.value, $0.size) }
    }

    /// Sets a value and returns what had to go for it: the one before it, the oldest, or itself when it is too large.
    mutating func set(_ key: Key, to value: Value, size: Int) -> [Value] {
        var gone: [Value] = []
        if let before = remove(key) { gone.append(before) }
        guard maximumCount > 0, size <= maximumSize else { return gone + [value] }
        place(Entry(key: key, value: value, size: size))
        self.size += size
        return gone + shrink()
    }

    mutating func remove(_ key: Key) -> Value? {
        guard let place = places.removeValue(forKey: key), let entry = entries[place] else { return nil }
        unlink(entry)
        entries[place] = nil
        free.append(place)
        size -= entry.size
        return entry.value
    }

    /// Changes what a value counts for, and returns what had to go for it.
    mutating func resize(_ key: Key, to size: Int) -> [Value] {
        guard let place = places[key], let before = entries[place]?.size else { return [] }
        entries[place]?.size = size
        self.size += size - before
        return shrink()
    }

    private mutating func shrink() -> [Value] {
        var gone: [Value] = []
        while count > maximumCount || size > maximumSize, let oldest, let key = entries[oldest]?.key {
            if let value = remove(key) { gone.append(value) }
        }
        return gone
    }

    private mutating func place(_ entry: Entry) {
        let place = free.popLast() ?? entries.count
        if place == entries.count { entries.append(entry) } else { entries[place] = entry }
        places[entry.key] = place
        link(place)
    }

    private mutating func moveToFront(_ place: Int) {
        guard place != newest, let entry = entries[place] else { return }
        unlink(entry)
        link(place)
    }

    private mutating func link(_ place: Int) {
        entries[place]?.newer = nil
        entries[place]?.older = newest
        if let newest { entries[newest]?.newer = place } else { oldest = place }
        newest = place
    }

    private mutating func unlink(_ entry: Entry) {
        if let newer = entry.newer { entries[newer]?.older = entry.older } else { newest = entry.older }
        if let older = entry.older { entries[older]?.newer = entry.newer } else { oldest = entry.newer }
    }
}
