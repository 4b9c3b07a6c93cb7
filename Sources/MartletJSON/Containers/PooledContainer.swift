/// A keyed container that can be used again when nobody else holds it.
class PooledContainer {
    /// The class inside the container, not counted.
    @exclusivity(unchecked) private var box: Unmanaged<AnyObject>

    /// The number of the keys' type.
    let number: Int

    fileprivate init(_ box: AnyObject, _ number: Int) {
        self.box = Unmanaged.passUnretained(box)
        self.number = number
    }

    /// Whether there is no other reference than the one that this object holds.
    final var isIdle: Bool {
        withUnsafeMutablePointer(to: &box) {
            $0.withMemoryRebound(to: AnyObject.self, capacity: 1) { isKnownUniquelyReferenced(&$0.pointee) }
        }
    }

    /// Keeps `document` alive from now on, if that is what the container looks at.
    func keep(_ document: PayloadDocument) {}
}

final class PooledKeyedContainer<Key: CodingKey>: PooledContainer {
    let view: PayloadView<Key>
    /// The container. A function, because to copy one as a field would mean to look up its type.
    let container: () -> KeyedDecodingContainer<Key>

    /// Nil if containers are not the one reference to a class that they have always been.
    init?(_ number: Int, _ document: PayloadDocument, _ object: Int) {
        view = PayloadView(document, object, ownsDocument: false)
        let container = KeyedDecodingContainer(KeyedPayload<Key>(view: view))
        guard MemoryLayout<KeyedDecodingContainer<Key>>.size == MemoryLayout<AnyObject>.size else { return nil }
        self.container = constant(container)
        super.init(unsafeBitCast(container, to: AnyObject.self), number)
    }

    override func keep(_ document: PayloadDocument) {
        if view.document.toOpaque() == Unmanaged.passUnretained(document).toOpaque() { view.keepDocument() }
    }
}

/// A function that returns `value`. Not to be inlined: in here, the type of `value` is known.
@inline(never)
@_semantics("optimize.sil.specialize.generic.never")
private func constant<Value>(_ value: Value) -> () -> Value { { value } }
