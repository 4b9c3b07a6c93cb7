import Foundation
import MartletJSON
import Testing

/// Dictionaries iterate in an order of their own in each process; their bytes are the same in all.
struct DictionaryTests {
    private func json<T: Encodable>(_ value: T) throws -> String {
        String(decoding: try PayloadEncoder().encode(value), as: UTF8.self)
    }

    /// Equal dictionaries of different capacities iterate differently, as they do in different processes.
    private func shuffled<Key, Value>(_ dictionary: [Key: Value], seed: Int) -> [Key: Value] {
        var generator = SplitMix64(seed: UInt64(seed))
        var copy = [Key: Value](minimumCapacity: dictionary.count << Int.random(in: 0...6, using: &generator))
        for (key, value) in dictionary.shuffled(using: &generator) { copy[key] = value }
        return copy
    }

    @Test func `members are sorted by the bytes of their keys`() throws {
        #expect(
            try json(["b": 1, "a": 2, "ab": 3, "": 4, "B": 5, "é": 6, "a b": 7])
                == #"{"":4,"B":5,"a":2,"a b":7,"ab":3,"b":1,"é":6}"#)
        #expect(try json([10: "x", 9: "y"]) == #"{"10":"x","9":"y"}"#)
        #expect(try json([String: Int]()) == "{}")
        #expect(try json(["a": 1]) == #"{"a":1}"#)
    }

    @Test(arguments: 0..<100)
    func `equal dictionaries give equal bytes`(_ seed: Int) throws {
        let words = (0..<20).map { "word \($0)" }
        let inner = Dictionary(uniqueKeysWithValues: words.map { ($0, [$0, "\"{[,:\\"]) })
        let outer = Dictionary(uniqueKeysWithValues: words.map { ($0, inner) })
        let expected = try json(outer)
        let other = shuffled(outer.mapValues { shuffled($0, seed: seed) }, seed: seed + 1)
        #expect(try json(other) == expected)
        #expect(try PayloadDecoder().decode([String: [String: [String]]].self, from: Array(expected.utf8)) == outer)
    }

    @Test func `only dictionaries are sorted`() throws {
        struct Members: Encodable {
            var zebra = 1
            var table = ["y": 1, "x": 2]
            var apple = ["b": ["d": 1, "c": 2], "a": [:]]
        }
        #expect(
            try json(Members()) == #"{"zebra":1,"table":{"x":2,"y":1},"apple":{"a":{},"b":{"c":2,"d":1}}}"#)
    }

    @Test func `the payload of a case is sorted too`() throws {
        let table = Dictionary(uniqueKeysWithValues: (0..<30).map { ("key \($0 * 7 % 30)", [$0]) })
        let expected = try PayloadEncoder().encodeCase(Sample.table(table))
        for seed in 0..<20 {
            let again = try PayloadEncoder().encodeCase(Sample.table(shuffled(table, seed: seed)))
            #expect(again.payload == expected.payload)
            let read = try PayloadDecoder().decodeCase(Sample.self, name: again.name, payload: again.payload)
            #expect(read == .table(table))
        }
    }

    @Test(arguments: 0..<20)
    func `dictionaries in place of a case come back whole`(_ seed: Int) throws {
        let members = ["_0": ["x": 1], "b": ["y": 2], "c": ["z": 3]]
        let value = ["placed": shuffled(members, seed: seed)]
        let (name, payload) = try PayloadEncoder().encodeCase(value)
        #expect(String(decoding: payload, as: UTF8.self) == #"{"_0":{"x":1},"b":{"y":2},"c":{"z":3}}"#)
        let read = try PayloadDecoder().decodeCase([String: [String: [String: Int]]].self, name: name, payload: payload)
        #expect(read == ["placed": members])
    }

    /// Writes a dictionary whose values keep their containers, and goes on writing into those.
    private final class Late: Encodable {
        let name: Int
        private(set) nonisolated(unsafe) var write: () throws -> Void = {}
        init(_ name: Int) { self.name = name }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(name, forKey: .a)
            var list = container.nestedUnkeyedContainer(forKey: .b)
            write = { [name] in try list.encode(name) }
        }
    }
    private enum Key: String, CodingKey { case a, b }

    @Test func `late writes reach members that have moved`() throws {
        struct Outer: Encodable {
            let members = Dictionary(uniqueKeysWithValues: (0..<9).map { ("\($0)", Late($0)) })
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(members, forKey: .a)
                try container.encode(0, forKey: .b)
                for member in members.values { try member.write() }
            }
        }
        let inner = (0..<9).map { #""\#($0)":{"a":\#($0),"b":[\#($0)]}"# }.joined(separator: ",")
        #expect(try json(Outer()) == #"{"a":{\#(inner)},"b":0}"#)
    }

    @Test func `a dictionary in a super encoder that was left for later is sorted`() throws {
        struct Outer: Encodable {
            let members: [String: Int]
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Key.self)
                let later = container.superEncoder()
                try container.encode(["y": 1, "x": 2], forKey: .b)
                try members.encode(to: later)
            }
        }
        let members = Dictionary(uniqueKeysWithValues: (0..<9).map { ("\($0)", $0) })
        let inner = (0..<9).map { #""\#($0)":\#($0)"# }.joined(separator: ",")
        #expect(try json(Outer(members: members)) == #"{"super":{\#(inner)},"b":{"x":2,"y":1}}"#)
    }
}
