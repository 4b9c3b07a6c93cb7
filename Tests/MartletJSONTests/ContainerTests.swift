import Foundation
import MartletJSON
import Testing

/// A type whose `encode(to:)` is the test's own.
private struct Script: Encodable {
    let run: @Sendable (any Encoder) throws -> Void
    func encode(to encoder: any Encoder) throws { try run(encoder) }
}

private enum Key: String, CodingKey { case a, b, c, d }

struct ContainerTests {
    private func json(_ run: @escaping @Sendable (any Encoder) throws -> Void) throws -> String {
        String(decoding: try PayloadEncoder().encode(Script(run: run)), as: UTF8.self)
    }

    /// The JSON is `expected` to the byte, and the same value as what Foundation writes.
    private func expect(
        _ expected: String, sourceLocation: SourceLocation = #_sourceLocation,
        _ run: @escaping @Sendable (any Encoder) throws -> Void
    ) throws {
        let ours = try json(run)
        #expect(ours == expected, sourceLocation: sourceLocation)
        let theirs = try JSONDecoder().decode(AnyJSON.self, from: JSONEncoder().encode(Script(run: run)))
        let read = try JSONDecoder().decode(AnyJSON.self, from: Data(ours.utf8))
        #expect(read == theirs, sourceLocation: sourceLocation)
    }

    @Test func `containers may be filled in any order`() throws {
        try expect(#"{"a":{"a":1,"c":3,"d":{"a":[true]}},"b":[2,[4],5],"c":6}"#) { encoder in
            var top = encoder.container(keyedBy: Key.self)
            var a = top.nestedContainer(keyedBy: Key.self, forKey: .a)
            var b = top.nestedUnkeyedContainer(forKey: .b)
            try a.encode(1, forKey: .a)
            try b.encode(2)
            try a.encode(3, forKey: .c)
            var inner = b.nestedUnkeyedContainer()
            try top.encode(6, forKey: .c)
            try inner.encode(4)
            try b.encode(5)
            try a.encode(["a": [true]], forKey: .d)
            #expect(b.count == 3 && inner.count == 1 && b.codingPath.map(\.stringValue) == ["b"])
        }
    }

    @Test func `a container that nobody writes to is empty`() throws {
        try expect(#"{"a":{},"b":[],"super":{},"c":[{},{}]}"#) { encoder in
            var top = encoder.container(keyedBy: Key.self)
            _ = top.nestedContainer(keyedBy: Key.self, forKey: .a)
            _ = top.nestedUnkeyedContainer(forKey: .b)
            _ = top.superEncoder()
            var list = top.nestedUnkeyedContainer(forKey: .c)
            _ = list.superEncoder()
            try list.encode(Script { _ in })
        }
    }

    @Test func `super encoders may be used at once, late or in between`() throws {
        try expect(#"{"super":[1],"a":2,"b":{"a":3},"c":"x","d":[[],7,{"b":null}]}"#) { encoder in
            var top = encoder.container(keyedBy: Key.self)
            let first = top.superEncoder()
            try top.encode(2, forKey: .a)
            let second = top.superEncoder(forKey: .b)
            let third = top.superEncoder(forKey: .c)
            var list = top.nestedUnkeyedContainer(forKey: .d)
            let fourth = list.superEncoder()
            try list.encode(7)
            var keyed = second.container(keyedBy: Key.self)
            try keyed.encode(3, forKey: .a)
            var single = third.singleValueContainer()
            try single.encode("x")
            var unkeyed = first.unkeyedContainer()
            try unkeyed.encode(1)
            _ = fourth.unkeyedContainer()
            var last = list.superEncoder().container(keyedBy: Key.self)
            try last.encodeNil(forKey: .b)
        }
    }

    @Test func `a container asked for twice is the same container`() throws {
        try expect(#"{"a":1,"b":[1,2],"c":2}"#) { encoder in
            var first = encoder.container(keyedBy: Key.self)
            try first.encode(1, forKey: .a)
            let list = first.superEncoder(forKey: .b)
            var one = list.unkeyedContainer()
            try one.encode(1)
            var two = list.unkeyedContainer()
            try two.encode(2)
            var second = encoder.container(keyedBy: Key.self)
            try second.encode(2, forKey: .c)
        }
    }

    @Test func `the last value of a repeated key wins`() throws {
        try expect(#"{"b":2,"a":[3],"c":5}"#) { encoder in
            var top = encoder.container(keyedBy: Key.self)
            try top.encode(1, forKey: .a)
            try top.encode(2, forKey: .b)
            try top.encode([3], forKey: .a)
            try top.encode(4, forKey: .c)
            try top.encode(5, forKey: .c)
        }
    }

    @Test func `a nested container asked for twice is the same container`() throws {
        try expect(#"{"a":{"a":1,"b":2},"c":[1,{"d":0},2],"b":3}"#) { encoder in
            var top = encoder.container(keyedBy: Key.self)
            var one = top.nestedContainer(keyedBy: Key.self, forKey: .a)
            try one.encode(1, forKey: .a)
            var two = top.nestedContainer(keyedBy: Key.self, forKey: .a)
            try two.encode(2, forKey: .b)
            var list = top.nestedUnkeyedContainer(forKey: .c)
            try list.encode(1)
            try list.encode(["d": 0])
            try top.encode(3, forKey: .b)
            var again = top.nestedUnkeyedContainer(forKey: .c)
            try again.encode(2)
        }
    }

    /// Foundation traps on these two.
    @Test func `an element that throws leaves no trace`() throws {
        let written = try json { encoder in
            var top = encoder.container(keyedBy: Key.self)
            var list = top.nestedUnkeyedContainer(forKey: .a)
            try list.encode(1)
            #expect(throws: EncodingError.self) { try list.encode(["x": [1, .nan]]) }
            #expect(throws: EncodingError.self) { try list.encode(Double.infinity) }
            var object = list.nestedContainer(keyedBy: Key.self, forKey: nil)
            #expect(throws: EncodingError.self) { try object.encode([[Float.nan]], forKey: .a) }
            try object.encode(["a": 2], forKey: .b)
            #expect(throws: EncodingError.self) { try top.encode(["a": Date(timeIntervalSince1970: .nan)], forKey: .b) }
            try top.encode(3, forKey: .c)
        }
        #expect(written == #"{"a":[1,{"b":{"a":2}}],"c":3}"#)
    }

    @Test func `a single value may be tried again after an error`() throws {
        let written = try json { encoder in
            var list = encoder.unkeyedContainer()
            try list.encode(
                Script { inner in
                    var single = inner.singleValueContainer()
                    #expect(throws: EncodingError.self) { try single.encode(["a": [Double.nan]]) }
                    try single.encode(["a": 1])
                })
        }
        #expect(written == #"[{"a":1}]"#)
    }

    @Test func `a second value or another kind of container is an error`() {
        #expect(throws: EncodingError.self) {
            try json { encoder in
                var single = encoder.singleValueContainer()
                try single.encode(1)
                try single.encode(2)
            }
        }
        #expect(throws: EncodingError.self) {
            try json { encoder in
                _ = encoder.container(keyedBy: Key.self)
                var list = encoder.unkeyedContainer()
                try list.encode(1)
            }
        }
        #expect(throws: EncodingError.self) { try json { _ in } }
    }

    /// Without super encoders in arrays, of which Foundation puts several that are open at once in the wrong order.
    @Test(arguments: 0..<200)
    func `random interleavings agree with Foundation`(_ seed: Int) throws {
        let run: @Sendable (any Encoder) throws -> Void = { encoder in
            var generator = SplitMix64(seed: UInt64(seed))
            var lists = [encoder.unkeyedContainer()]
            var objects: [KeyedEncodingContainer<Interleaved>] = []
            var next = 0
            for _ in 0..<30 {
                next += 1
                let key = Interleaved(next)
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: lists.append(lists[Int.random(in: 0..<lists.count, using: &generator)].nestedUnkeyedContainer())
                case 1:
                    let place = Int.random(in: 0..<lists.count, using: &generator)
                    objects.append(lists[place].nestedContainer(keyedBy: Interleaved.self))
                case 2, 3: try lists[Int.random(in: 0..<lists.count, using: &generator)].encode([next: "é\(next)"])
                default:
                    guard let place = objects.indices.randomElement(using: &generator) else { continue }
                    switch Int.random(in: 0..<4, using: &generator) {
                    case 0: lists.append(objects[place].nestedUnkeyedContainer(forKey: key))
                    case 1: lists.append(objects[place].superEncoder(forKey: key).unkeyedContainer())
                    case 2:
                        objects.append(objects[place].superEncoder(forKey: key).container(keyedBy: Interleaved.self))
                    default: try objects[place].encode([next], forKey: key)
                    }
                }
            }
        }
        let theirs = try JSONDecoder().decode(AnyJSON.self, from: JSONEncoder().encode(Script(run: run)))
        #expect(try PayloadDecoder().decode(AnyJSON.self, from: PayloadEncoder().encode(Script(run: run))) == theirs)
    }
}

private struct Interleaved: CodingKey {
    var intValue: Int?
    var stringValue: String { "key\(intValue ?? 0)" }
    init(_ number: Int) { intValue = number }
    init?(intValue: Int) { self.intValue = intValue }
    init?(stringValue: String) { return nil }
}

extension UnkeyedEncodingContainer {
    /// Reads better among the keyed ones.
    fileprivate mutating func nestedContainer<K: CodingKey>(keyedBy type: K.Type, forKey: K?) -> KeyedEncodingContainer<
        K
    > {
        nestedContainer(keyedBy: type)
    }
}
