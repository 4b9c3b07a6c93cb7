extension PayloadWriter {
    /// The path to `place`, or to the member `key` of it.
    func path(of place: Place, _ key: String? = nil) -> [any CodingKey] {
        let depth = Int(place.depth)
        let state = states[Int(place.id)]
        let step: [any CodingKey] = key.map { [PayloadKey(stringValue: $0)] } ?? []
        if state >= 0 {
            return basePath + WrittenJSON(bytes, upTo: state).path(bytes) + step
        }
        guard state != State.dead, depth <= frames.count else { return basePath + step }
        return basePath + WrittenJSON(bytes, upTo: bytes.count).path(bytes, depth: depth) + step
    }

    /// The path to the value at the end of the bytes.
    func endPath() -> [any CodingKey] {
        basePath + WrittenJSON(bytes, upTo: bytes.count).path(bytes, depth: Int.max)
    }

    /// The path to the next element of an array, or to the member `key` of an object.
    func elementPath(_ place: Place, _ key: String?) -> [any CodingKey] {
        guard key == nil else { return path(of: place, key) }
        return path(of: place) + [PayloadKey(intValue: elements(of: place))]
    }

    /// How many elements a container holds so far.
    func elements(of place: Place) -> Int {
        let state = states[Int(place.id)]
        if state >= 0 { return WrittenJSON(bytes, upTo: state).innermostElements }
        guard state == State.open else { return 0 }
        return WrittenJSON(bytes, upTo: bytes.count).elements(at: Int(place.depth))
    }

    func invalid(_ value: Any, _ path: [any CodingKey], _ message: String) -> EncodingError {
        let place = path.isEmpty ? "payload" : "payload path \"\(PayloadKey.text(path))\""
        return .invalidValue(value, EncodingError.Context(codingPath: path, debugDescription: "\(place): \(message)"))
    }

    func notFinite(_ value: Any, _ path: [any CodingKey]) -> EncodingError {
        invalid(value, path, "expected a finite number, found infinity or not a number")
    }

    func tooDeep(_ place: Place) -> EncodingError {
        let limit = options.maximumDepth + basePath.count
        return invalid(
            limit, path(of: place), "expected at most \(limit) nested arrays and objects, found more")
    }

    func secondValue(_ place: Place) -> EncodingError {
        invalid(0, path(of: place), "expected one value or container, found a second")
    }
}
