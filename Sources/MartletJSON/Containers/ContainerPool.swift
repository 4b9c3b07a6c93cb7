/// The keyed containers that one thread has used and will use again: to make one costs more than to read its values.
///
/// A decoding begins with `mark` and finishes with `finish`; decodings may be nested. A container that somebody still
/// holds at the end leaves the pool, and keeps its document alive.
final class ContainerPool {
    private static let maximumNumber = 4_096

    /// `PooledContainer`s by the number of their keys' type.
    @exclusivity(unchecked) private var containers = GrowingBuffer<UnsafeMutableRawPointer?>(capacity: 64)
    /// Those that were taken in the decodings under way.
    @exclusivity(unchecked) private var taken = GrowingBuffer<UnsafeMutableRawPointer>(capacity: 16)
    /// Those that have left the pool and may still be among the taken ones.
    @exclusivity(unchecked) private var retired: [PooledContainer] = []

    deinit {
        for number in 0..<containers.count {
            if let container = containers[number] { Unmanaged<PooledContainer>.fromOpaque(container).release() }
        }
    }

    var mark: Int { taken.count }

    @inline(__always)
    func container<Key: CodingKey>(
        _ maker: Unmanaged<KeyedContainers<Key>>, _ document: PayloadDocument, _ object: Int
    ) -> KeyedDecodingContainer<Key> {
        let number = maker._withUnsafeGuaranteedRef { $0.number }
        guard number < containers.count, let found = containers[number] else {
            return first(number, maker, document, object)
        }
        return Unmanaged<PooledKeyedContainer<Key>>.fromOpaque(found)._withUnsafeGuaranteedRef { pooled in
            guard pooled.isIdle else { return maker._withUnsafeGuaranteedRef { $0.reading(document, object) } }
            pooled.view.look(at: object, of: document)
            taken.append(found)
            return pooled.container()
        }
    }

    @inline(never)
    private func first<Key: CodingKey>(
        _ number: Int, _ maker: Unmanaged<KeyedContainers<Key>>, _ document: PayloadDocument, _ object: Int
    ) -> KeyedDecodingContainer<Key> {
        guard number < Self.maximumNumber, let pooled = PooledKeyedContainer<Key>(number, document, object) else {
            return maker._withUnsafeGuaranteedRef { $0.reading(document, object) }
        }
        while containers.count <= number { containers.append(nil) }
        let kept = Unmanaged.passRetained(pooled).toOpaque()
        containers[number] = kept
        taken.append(kept)
        return pooled.container()
    }

    /// Takes back what was taken since `mark` in the decoding of `document`.
    @inline(__always)
    func finish(_ mark: Int, _ document: PayloadDocument) {
        while taken.count > mark {
            let last = taken[taken.count - 1]
            taken.truncate(to: taken.count - 1)
            let isIdle = Unmanaged<PooledContainer>.fromOpaque(last)._withUnsafeGuaranteedRef { $0.isIdle }
            if !isIdle { retire(last, document) }
        }
        if taken.count == 0, !retired.isEmpty { retired = [] }
    }

    @inline(never)
    private func retire(_ taken: UnsafeMutableRawPointer, _ document: PayloadDocument) {
        let container = Unmanaged<PooledContainer>.fromOpaque(taken)
        let number = container.takeUnretainedValue().number
        container.takeUnretainedValue().keep(document)
        if containers[number] == taken {
            containers[number] = nil
            retired.append(container.takeRetainedValue())
        }
    }
}
