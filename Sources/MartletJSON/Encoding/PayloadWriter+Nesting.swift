extension PayloadWriter {
    /// A container as an element of another. Under a key that holds one of its kind already, that very container.
    func container(in place: Place, _ key: String?, _ bracket: UInt8) -> Place {
        let isReached = reaches(place)
        if let key, let existing = containerWritten(in: place, key, bracket) { return existing }
        guard isReached else { return spliceContainer(place, key, bracket) }
        beginElement(key)
        let nested = newPlace(State.empty)
        open(nested, bracket)
        return nested
    }

    /// An encoder for an element of a container, which may be used now, later or never.
    func encoder(in place: Place, _ key: String?) -> PayloadValueEncoder {
        guard reaches(place) else {
            let nested = spliceContainer(place, key, UInt8(ascii: "{"))
            unclaimed.insert(nested.id)
            return PayloadValueEncoder(writer: self, place: nested)
        }
        beginElement(key)
        let nested = newPlace(State.empty)
        pending = nested.id
        return PayloadValueEncoder(writer: self, place: nested)
    }

    /// The closed container under `key`, if there is one.
    private func containerWritten(in place: Place, _ key: String, _ bracket: UInt8) -> Place? {
        let state = states[Int(place.id)]
        let start: Int
        if state == State.open {
            guard mayHoldKey(key) else { return nil }
            start = frames[Int(place.depth)].start
        } else {
            guard state >= 0 else { return nil }
            start = WrittenJSON(bytes, upTo: state).innermostStart
        }
        guard let member = WrittenJSON.member(key, of: start, in: bytes) else { return nil }
        let end = member.upperBound - (bytes[member.upperBound - 1] == UInt8(ascii: ",") ? 2 : 1)
        guard bytes[end] == bracket + 2, let id = (0..<states.count).first(where: { states[$0] == end }) else {
            return nil
        }
        return Place(id: Int32(truncatingIfNeeded: id), depth: .max)
    }
}

/// Keys of the innermost container that are written twice: the last value wins, as in Foundation.
extension PayloadWriter {
    /// Containers with more keys are not watched: they are dictionaries.
    private static let maximumWatchedKeys: Int32 = 64

    /// Takes note of a key. One that was written before is removed.
    @inline(__always)
    func noteKey(_ key: UnsafeBufferPointer<UInt8>) {
        let frame = frames.base + (frames.count - 1)
        guard frame.pointee.keys < Self.maximumWatchedKeys else { return }
        let bit = StringBytes.fingerprint(UnsafeRawBufferPointer(key))
        if frame.pointee.seen & bit != 0 {
            removeMember(String(decoding: key, as: UTF8.self), from: frame.pointee.start)
        }
        frame.pointee.seen |= bit
        frame.pointee.keys += 1
    }

    @inline(__always)
    private func mayHoldKey(_ key: String) -> Bool {
        let frame = frames[frames.count - 1]
        var key = key
        return frame.seen != 0 && key.withUTF8 { frame.seen & StringBytes.fingerprint(UnsafeRawBufferPointer($0)) != 0 }
    }

    /// Removes the member `key` of the object that begins at `start`, if it has been written.
    func removeMember(_ key: String, from start: Int) {
        guard let member = WrittenJSON.member(key, of: start, in: bytes) else { return }
        replace(member, with: GrowingBuffer<UInt8>(capacity: 1))
    }
}
