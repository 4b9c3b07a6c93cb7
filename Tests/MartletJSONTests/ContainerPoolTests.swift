import Foundation
import MartletJSON
import Testing

/// Containers are used again by later decodings; none may show what another looks at.
struct ContainerPoolTests {
    enum Keys: String, CodingKey { case a, b, child }

    /// Keeps the containers that it decodes from.
    private final class Hoarder: Decodable {
        let container: KeyedDecodingContainer<Keys>
        let again: KeyedDecodingContainer<Keys>
        let child: Hoarder?

        init(from decoder: any Decoder) throws {
            container = try decoder.container(keyedBy: Keys.self)
            again = try decoder.container(keyedBy: Keys.self)
            child = try container.decodeIfPresent(Hoarder.self, forKey: .child)
        }

        func values() throws -> [String] {
            let mine = [try container.decode(String.self, forKey: .a), try again.decode(String.self, forKey: .a)]
            return try mine + (child?.values() ?? [])
        }
    }

    private func decode<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
        try PayloadDecoder().decode(type, from: Array(text.utf8))
    }

    @Test func `containers that outlive their decoding keep what they look at`() throws {
        let kept = try (0..<50).map { index in
            try decode(
                Hoarder.self,
                "{\"a\":\"a text of number \(index), longer than fits inline\",\"child\":{\"a\":\"child \(index)\"}}")
        }
        for (index, hoarder) in kept.enumerated() {
            let text = "a text of number \(index), longer than fits inline"
            #expect(try hoarder.values() == [text, text, "child \(index)", "child \(index)"])
            #expect(hoarder.container.allKeys == [.a, .child])
            let nested = try hoarder.container.nestedContainer(keyedBy: Keys.self, forKey: .child)
            #expect(try nested.decode(String.self, forKey: .a) == "child \(index)")
            let value = try hoarder.child?.container.superDecoder(forKey: .a).singleValueContainer()
            #expect(try value?.decode(String.self) == "child \(index)")
        }
    }

    /// Has another decoding done in the middle of its own, of a type that it has a container of.
    private struct Nesting: Decodable, Equatable {
        let a: String
        let b: [Nesting]

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            let inner = try container.decode(String.self, forKey: .b)
            b = inner.isEmpty ? [] : [try PayloadDecoder().decode(Nesting.self, from: Array(inner.utf8))]
            _ = try? PayloadDecoder().decode(Hoarder.self, from: Array(#"{"child":{}}"#.utf8)).values()
            a = try container.decode(String.self, forKey: .a)
        }
    }

    @Test func `a decoding inside another does not disturb it`() throws {
        let text = #"{"b":"{\"b\":\"{\\\"b\\\":\\\"\\\",\\\"a\\\":\\\"3\\\"}\",\"a\":\"2\"}","a":"1"}"#
        let value = try decode(Nesting.self, text)
        #expect(value.a == "1")
        #expect(value.b.first?.a == "2")
        #expect(value.b.first?.b.first?.a == "3")
        #expect(value.b.first?.b.first?.b == [])
    }

    private indirect enum Tree: Codable, Equatable {
        case leaf(Int)
        case node(left: Tree, right: Tree)
    }

    @Test func `a type inside itself has containers of its own`() throws {
        let tree = (0..<20).reduce(Tree.leaf(-1)) { .node(left: $0, right: .leaf($1)) }
        #expect(try PayloadDecoder().decode(Tree.self, from: PayloadEncoder().encode(tree)) == tree)
    }

    @Test func `errors leave the pool in order`() throws {
        for _ in 0..<100 {
            #expect(throws: DecodingError.self) { try decode(Nesting.self, #"{"b":"{\"b\":\"\"}","a":"1"}"#) }
        }
        #expect(try decode(Nesting.self, #"{"b":"","a":"1"}"#).a == "1")
    }

    @Test func `threads have pools of their own`() async throws {
        let encoder = PayloadEncoder()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    var generator = SplitMix64(seed: UInt64(worker))
                    for _ in 0..<300 {
                        let value = Sample.random(using: &generator)
                        let (name, payload) = try encoder.encodeCase(value)
                        let read = try PayloadDecoder().decodeCase(Sample.self, name: name, payload: payload)
                        #expect(read == value)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
