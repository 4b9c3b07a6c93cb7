/// Makes the keyed containers for one type of keys.
///
/// In a generic function Swift looks up the metadata of `KeyedPlace<Key>` and its conformance each time, which takes
/// longer than all else that a container needs. A maker has them as parameters of its own type.
class KeyedContainers<Key: CodingKey>: TypeEntry {
    /// Whether these are the keys that the standard library gives to dictionaries, and to nothing else.
    let areDictionaries: Bool

    init(_ key: Key.Type) {
        areDictionaries = String(reflecting: key) == "Swift._DictionaryCodingKey"
        super.init(key)
    }

    final func reading(_ document: PayloadDocument, _ object: Int) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(KeyedPayload(view: PayloadView(document, object, ownsDocument: true)))
    }

    func writing(_ writer: PayloadWriter, _ place: PayloadWriter.Place) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(KeyedPlace(writer: writer, place: place))
    }
}

protocol MadeForWriting { init(writer: PayloadWriter, place: PayloadWriter.Place) }
extension KeyedPlace: MadeForWriting {}

private final class FastKeyedContainers<Writing: MadeForWriting & KeyedEncodingContainerProtocol>:
    KeyedContainers<Writing.Key>
{
    override func writing(
        _ writer: PayloadWriter, _ place: PayloadWriter.Place
    ) -> KeyedEncodingContainer<Writing.Key> {
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
    Unmanaged.fromOpaque(makers.keep(FastKeyedContainers<KeyedPlace<Key>>(Key.self)).toOpaque())
}

private let makers = TypeTable()
