/// The members of dictionaries, which come in another order in each process, are sorted when their object is closed.
extension PayloadWriter {
    private struct Member {
        let key: Range<Int>
        let bytes: Range<Int>
    }

    /// Takes note that the container at `place` is a dictionary.
    func sortsMembers(of place: Place) {
        let depth = Int(place.depth)
        if depth < frames.count, frames[depth].id == place.id {
            frames.base[depth].isDictionary = true
        } else {
            lateDictionaries.append(place.id)
        }
    }

    /// Sorts dictionaries that were written, member by member, into places closed before.
    func sortLateDictionaries() {
        for id in lateDictionaries where states[Int(id)] >= 0 {
            sortMembers(from: WrittenJSON(bytes, upTo: states[Int(id)]).innermostStart, to: states[Int(id)])
        }
        lateDictionaries = []
    }

    /// Sorts the members of the object between two brackets by the bytes of their keys, as they are written.
    func sortMembers(from start: Int, to end: Int) {
        let members = members(from: start + 1, to: end)
        let sorted = members.sorted { self[$0.key].lexicographicallyPrecedes(self[$1.key]) }
        guard members.count > 1, !zip(members, sorted).allSatisfy({ $0.bytes == $1.bytes }) else { return }
        let places = (0..<states.count).map { (id: $0, end: states[$0]) }.filter { start..<end ~= $0.end }
        var output = GrowingBuffer<UInt8>(capacity: end - start)
        for member in sorted {
            if output.count > 0 { output.append(UInt8(ascii: ",")) }
            let moved = start + 1 + output.count - member.bytes.lowerBound
            for place in places where member.bytes.contains(place.end) { states[place.id] = place.end + moved }
            let source = bytes.base + member.bytes.lowerBound
            output.reserve(member.bytes.count).update(from: source, count: member.bytes.count)
            output.advance(by: member.bytes.count)
        }
        (bytes.base + start + 1).update(from: output.base, count: output.count)
    }

    private subscript(range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes.base + range.lowerBound, count: range.count)
    }

    private func members(from start: Int, to end: Int) -> [Member] {
        var members: [Member] = []
        let all = self[0..<end]
        var position = start
        while position < end {
            let key = position + 1..<StringBytes.endOfString(in: all, from: position + 1)
            let valueEnd = endOfValue(in: all, from: key.upperBound + 2)
            members.append(Member(key: key, bytes: position..<valueEnd))
            position = valueEnd + 1
        }
        return members
    }

    /// The comma or the end behind the value that begins at `start`.
    private func endOfValue(in all: UnsafeRawBufferPointer, from start: Int) -> Int {
        var depth = 0
        var position = start
        while position < all.count {
            switch all[position] {
            case UInt8(ascii: "\""): position = StringBytes.endOfString(in: all, from: position + 1)
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ",") where depth == 0: return position
            default: break
            }
            position += 1
        }
        return all.count
    }
}
