import Testing

@testable import MartletEventStore

struct RecencyListTests {
    private func list(_ count: Int = 3, size: Int = 100) -> RecencyList<String, Int> {
        RecencyList(maximumCount: count, maximumSize: size)
    }

    @Test func `the one that was used longest ago goes first`() {
        var list = list()
        var gone = ["a", "b", "c"].enumerated().flatMap { list.set($1, to: $0, size: 1) }
        gone.append(list.use("a")?.value ?? -1)
        for (value, key) in [(3, "d"), (4, "e"), (5, "f")] { gone += list.set(key, to: value, size: 1) }
        #expect(gone == [0, 1, 2, 0])
        #expect(list.count == 3)
    }

    @Test func `looking is not using`() {
        var list = list(2)
        _ = list.set("a", to: 0, size: 1)
        _ = list.set("b", to: 1, size: 1)
        #expect(list.peek("a") == 0)
        let gone = list.set("c", to: 2, size: 1)
        #expect(gone == [0])
    }

    @Test func `a large one pushes out as many as it takes`() {
        var list = list(10, size: 100)
        for number in 0..<10 { _ = list.set("\(number)", to: number, size: 10) }
        #expect(list.size == 100)
        let gone = list.set("large", to: 99, size: 35)
        #expect(gone == [0, 1, 2, 3])
        #expect(list.size == 95)
    }

    @Test func `one that is larger than all room is not taken, and what it was before goes`() {
        var list = list(3, size: 10)
        _ = list.set("a", to: 1, size: 4)
        _ = list.set("b", to: 2, size: 4)
        let gone = list.set("a", to: 3, size: 11)
        #expect(gone == [1, 3])
        #expect(list.peek("a") == nil)
        #expect(list.peek("b") == 2)
        #expect(list.size == 4)
    }

    @Test func `one that grows pushes out others, and itself when it is too large`() {
        var list = list(3, size: 10)
        for (value, key) in ["a", "b"].enumerated() { _ = list.set(key, to: value, size: 4) }
        let others = list.resize("b", to: 7)
        #expect(others == [0])
        #expect(list.size == 7)
        let itself = list.resize("b", to: 11)
        #expect(itself == [1])
        #expect((list.count, list.size) == (0, 0))
    }

    @Test func `without room nothing is held`() {
        var list = list(0)
        let gone = list.set("a", to: 1, size: 1)
        #expect(gone == [1])
        #expect(list.peek("a") == nil)
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `it does as a plain list in order of use does`(seed: UInt64) {
        var generator = Numbers(state: seed)
        var list = list(20, size: 300)
        var model: [(key: String, value: Int, size: Int)] = []
        for step in 0..<20_000 {
            let key = "\(Int.random(in: 0..<40, using: &generator))"
            let place = model.firstIndex { $0.key == key }
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                let used = list.use(key)?.value
                #expect(used == place.map { model[$0].value })
                if let place { model.append(model.remove(at: place)) }
            case 1:
                let removed = list.remove(key)
                let expected = place.map { model.remove(at: $0).value }
                #expect(removed == expected)
            default:
                let size = Int.random(in: 1...40, using: &generator)
                _ = list.set(key, to: step, size: size)
                if let place { model.remove(at: place) }
                model.append((key, step, size))
                while model.count > 20 || model.reduce(0, { $0 + $1.size }) > 300 { model.removeFirst() }
            }
            #expect(list.count == model.count)
            #expect(list.size == model.reduce(0) { $0 + $1.size })
        }
        #expect(model.allSatisfy { list.peek($0.key) == $0.value })
    }

    /// Xorshift: the same numbers in every run.
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }
}
