/// What goes beyond writing front to back.
extension PayloadWriter {
    /// How far the bytes had come before an element.
    struct Mark {
        let bytes: Int
        let states: Int
        let lateWrites: Int

        init(_ writer: PayloadWriter) {
            bytes = writer.bytes.count
            states = writer.states.count
            lateWrites = writer.lateWrites
        }
    }

    /// Takes back all that was written since `mark` by an element that threw, so that a caller who catches the error
    /// can go on. After a late write, which may have moved bytes in front of the mark, the whole encoding fails
    /// instead.
    func rollBack(to mark: Mark, depth: Int, _ error: any Error) {
        if lateWrites != mark.lateWrites, failure == nil { failure = error }
        bytes.truncate(to: mark.bytes)
        frames.truncate(to: depth)
        pending = Self.none
        for id in mark.states..<states.count { states[id] = State.dead }
        unclaimed = unclaimed.filter { $0 < mark.states }
    }

    /// Writes an element into a closed container.
    func splice(_ place: Place, _ key: String?, _ write: (PayloadWriter) throws -> Void) throws {
        let piece = try piece(for: place, key)
        try write(piece)
        try piece.finish()
        let end = states[Int(place.id)]
        replace(end..<end, with: piece.bytes)
    }

    /// Adds an empty container to a closed one; it is closed itself and filled by late writes.
    func spliceContainer(_ place: Place, _ key: String?, _ bracket: UInt8) -> Place {
        do {
            try splice(place, key) {
                $0.bytes.append(bracket)
                $0.bytes.append(bracket + 2)
            }
            return newPlace(states[Int(place.id)] - 1)
        } catch {
            if failure == nil { failure = error }
            return newPlace(State.dead)
        }
    }

    /// Writes the value of a place to which `{}` was given for want of one.
    func spliceValue(_ place: Place, _ write: (PayloadWriter) throws -> Void) throws {
        let end = states[Int(place.id)]
        guard end >= 0, unclaimed.contains(place.id) else { throw failure ?? secondValue(place) }
        let piece = PayloadWriter(options, basePath: path(of: place))
        try write(piece)
        try piece.finish()
        unclaimed.remove(place.id)
        replace(end - 1..<end + 1, with: piece.bytes)
        states[Int(place.id)] = State.value
    }

    /// A writer for an element of a closed container, which has written all but the value.
    private func piece(for place: Place, _ key: String?) throws -> PayloadWriter {
        guard states[Int(place.id)] >= 0 else { throw failure ?? secondValue(place) }
        let path = elementPath(place, key)
        guard path.count <= options.maximumDepth else { throw tooDeep(place) }
        if let key { removeMember(key, from: WrittenJSON(bytes, upTo: states[Int(place.id)]).innermostStart) }
        let end = states[Int(place.id)]
        var pieceOptions = options
        pieceOptions.maximumDepth -= path.count - basePath.count
        let piece = PayloadWriter(pieceOptions, basePath: path, capacity: 200)
        if bytes[end - 1] != bytes[end] - 2 { piece.bytes.append(UInt8(ascii: ",")) }
        if let key {
            piece.write(key)
            piece.bytes.append(UInt8(ascii: ":"))
        }
        return piece
    }

    /// Replaces bytes and moves the brackets of closed containers that stood behind them.
    func replace(_ range: Range<Int>, with other: borrowing GrowingBuffer<UInt8>) {
        lateWrites += 1
        let growth = other.count - range.count
        for id in 0..<states.count where states[id] >= range.lowerBound {
            states[id] = states[id] >= range.upperBound ? states[id] + growth : State.dead
        }
        for depth in 0..<frames.count where frames[depth].start >= range.upperBound {
            frames.base[depth].start += growth
        }
        bytes.replace(range, with: UnsafeBufferPointer(start: other.base, count: other.count))
    }
}
