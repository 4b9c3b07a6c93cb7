/// The bytes of one encoding, written front to back while containers are used like a stack.
///
/// A container is a `Place`; the one that is written to is the innermost open one after those inside it are closed.
/// `Codable` also allows to write into a container after its successor was begun: such a late write is spliced in.
/// Coding paths are not carried along; they are read from the bytes when somebody asks.
final class PayloadWriter {
    struct Options {
        var dates: PayloadDateStrategy
        var data: PayloadDataStrategy
        var userInfo: [CodingUserInfoKey: any Sendable]
        var maximumDepth: Int

        /// For JSON that holds nothing to choose a strategy for.
        static let plain = Options(dates: .iso8601, data: .base64, userInfo: [:], maximumDepth: .max)
    }

    /// A value to be written, or the container it became.
    struct Place {
        let id: Int32
        /// The number of containers around it, if it was made in stack order.
        let depth: Int32
    }

    /// A container that is open at the end of the bytes.
    struct Frame: BitwiseCopyable {
        let id: Int32
        var keys: Int32 = 0
        /// Where its opening bracket is.
        var start: Int
        /// One bit for each key, by its length, first and last byte.
        var seen: UInt64 = 0
        var isDictionary = false
    }

    /// What `states` holds for a place: where its closing bracket is, or one of these.
    enum State {
        static let empty = -1, open = -2, value = -3, dead = -4
    }

    static let none: Int32 = -1

    let options: Options
    /// Where the bytes of a spliced piece belong; empty for a whole encoding.
    let basePath: [any CodingKey]
    let splitsCase: Bool

    // The checks for exclusive access would be a third of the time. Nothing here is handed on while it is being
    // changed.
    @exclusivity(unchecked) var bytes: GrowingBuffer<UInt8>
    @exclusivity(unchecked) var frames = GrowingBuffer<Frame>(capacity: 12)
    @exclusivity(unchecked) var states = GrowingBuffer<Int>(capacity: 24)
    /// The place whose value belongs at the end of the bytes and has not begun.
    @exclusivity(unchecked) var pending = none
    /// Places not written to in time, which hold `{}` for now.
    @exclusivity(unchecked) var unclaimed: Set<Int32> = []
    /// Dictionaries written in places that were closed before.
    @exclusivity(unchecked) var lateDictionaries: [Int32] = []
    /// What no function that returns a container could throw.
    @exclusivity(unchecked) var failure: (any Error)?
    /// How many calls of `encode(to:)` are under way.
    @exclusivity(unchecked) var nesting = 0
    @exclusivity(unchecked) var lateWrites = 0
    /// The keys of the container inside the top one, when a case is to be split off; see `CaseSplit`.
    @exclusivity(unchecked) var caseKeys: (any CodingKey.Type)?
    /// Whether the containers that a case is split at may have been moved, as members of a dictionary.
    @exclusivity(unchecked) var hasOuterDictionary = false
    /// Whether an unwrapped payload would be mistaken for the keys of its case.
    @exclusivity(unchecked) var caseKeysClash = false

    init(_ options: Options, basePath: [any CodingKey] = [], splitsCase: Bool = false, capacity: Int = 1_000) {
        self.options = options
        self.basePath = basePath
        self.splitsCase = splitsCase
        bytes = GrowingBuffer(capacity: capacity)
    }

    /// Completes the bytes.
    func finish() throws {
        settle(0)
        if !lateDictionaries.isEmpty { sortLateDictionaries() }
        if let failure { throw failure }
    }
}

extension PayloadWriter {
    func newPlace(_ state: Int) -> Place {
        states.append(state)
        return Place(id: Int32(truncatingIfNeeded: states.count - 1), depth: Int32(truncatingIfNeeded: frames.count))
    }

    /// Whether the next byte can belong to the container at `place`: it is open, and all inside it is closed now.
    @inline(__always)
    func reaches(_ place: Place) -> Bool {
        let depth = Int(place.depth)
        guard depth < frames.count, frames[depth].id == place.id else { return false }
        if frames.count > depth + 1 || pending != Self.none { settle(depth + 1) }
        return true
    }

    /// Closes all containers but the outer `depth`, after putting `{}` where a value is missing.
    func settle(_ depth: Int) {
        if pending != Self.none {
            bytes.append(UInt8(ascii: "{"))
            bytes.append(UInt8(ascii: "}"))
            states[Int(pending)] = bytes.count - 1
            unclaimed.insert(pending)
            pending = Self.none
        }
        while frames.count > depth {
            let frame = frames[frames.count - 1]
            states[Int(frame.id)] = bytes.count
            if frame.isDictionary {
                sortMembers(from: frame.start, to: bytes.count)
                hasOuterDictionary = hasOuterDictionary || frames.count <= 2
            }
            bytes.append(bytes[frame.start] + 2)
            frames.truncate(to: frames.count - 1)
        }
    }

    /// Opens the container at `place`; `bracket` is `{` or `[`, and the closing one of either is two further in ASCII.
    @inline(__always)
    func open(_ place: Place, _ bracket: UInt8) {
        states[Int(place.id)] = State.open
        frames.append(Frame(id: place.id, start: bytes.count))
        bytes.append(bracket)
        if frames.count > options.maximumDepth, failure == nil { failure = tooDeep(place) }
    }

    /// Begins an element of an open container.
    @inline(__always)
    func beginElement(_ key: String?) {
        guard let key else {
            if bytes[bytes.count - 1] != UInt8(ascii: "[") { bytes.append(UInt8(ascii: ",")) }
            return
        }
        if splitsCase, frames.count == 3 { noteInnerKey(key) }
        var text = key
        text.withUTF8 { name in
            noteKey(name)
            if bytes[bytes.count - 1] != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
            writeString(name)
            bytes.append(UInt8(ascii: ":"))
        }
    }

    /// The container that the value at `place` is, begun now or before.
    func container(_ place: Place, _ bracket: UInt8) -> Place {
        if pending == place.id {
            pending = Self.none
            open(place, bracket)
            return place
        }
        let end = states[Int(place.id)]
        if end >= 0, unclaimed.remove(place.id) != nil {
            bytes[end - 1] = bracket
            bytes[end] = bracket + 2
            return place
        }
        let isOpen = end == State.open && bytes[frames[Int(place.depth)].start] == bracket
        if isOpen || end >= 0 && bytes[end] == bracket + 2 { return place }
        if failure == nil { failure = secondValue(place) }
        return newPlace(State.dead)
    }
}
