/// Makes the keyed containers for one type of keys.
///
/// In a generic function Swift looks up the metadata of `KeyedPayload<Key>` and its conformance each time, which takes
/// longer than all else that a container needs. A maker has them as parameters of its own type.
class KeyedContainers<Key: CodingKey>: TypeEntry {
    func reading(_ document: PayloadDocument, _ object: Int) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(KeyedPayload(document: document, object: object))
    }

    func writing(_ writer: PayloadWriter, _ place: PayloadWriter.Place) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(KeyedPlace(writer: writer, place: place))
    }
}

protocol MadeForReading { init(document: PayloadDocument, object: Int) }
protocol MadeForWriting { init(writer: PayloadWriter, place: PayloadWriter.Place) }
extension KeyedPayload: MadeForReading {}
extension KeyedPlace: MadeForWriting {}

private final class FastKeyedContainers<
    Reading: MadeForReading & KeyedDecodingContainerProtocol, Writing: MadeForWriting & KeyedEncodingContainerProtocol
>: KeyedContainers<Reading.Key> where Reading.Key == Writing.Key {
    override func reading(_ document: PayloadDocument, _ object: Int) -> KeyedDecodingContainer<Reading.Key> {
        KeyedDecodingContainer(Reading(document: document, object: object))
    }

    override func writing(
        _ writer: PayloadWriter, _ place: PayloadWriter.Place
    ) -> KeyedEncodingContainer<Reading.Key> {
        KeyedEncodingContainer(Writing(writer: writer, place: place))
    }
}

/// The maker for `Key`, which lives as long as the process. (Not a static function: that would look up its type.)
@inline(__always)
func keyedContainers<Key: CodingKey>(_ key: Key.Type) -> Unmanaged<KeyedContainers<Key>> {
    guard let entry = makers.entry(for: key) else { return makeKeyedContainers() }
    return Unmanaged.fromOpaque(entry.toOpaque())
}

@inline(never)
private func makeKeyedContainers<Key: CodingKey>() -> Unmanaged<KeyedContainers<Key>> {
    let made = FastKeyedContainers<KeyedPayload<Key>, KeyedPlace<Key>>(Key.self)
    return Unmanaged.fromOpaque(makers.keep(made).toOpaque())
}

private let makers = TypeTable()
