import Foundation
import Martlet
import MartletJSON

/// An event to be coded by Martlet's codec and by Foundation's.
protocol CodecSample: Sendable {
    var name: String { get }

    /// The same event coded again and again, by turns, for the time given.
    func decode(for seconds: Int) throws -> CodecPair
    func encode(for seconds: Int) throws -> CodecPair
}

struct Sample<Event: EventPayload>: CodecSample {
    let name: String
    let event: Event

    func decode(for seconds: Int) throws -> CodecPair {
        let decoder = PayloadDecoder()
        let (name, payload) = try PayloadEncoder().encodeCase(event)
        let whole = try Self.foundationEncoder.encode(event)
        let foundation = JSONDecoder()
        foundation.dateDecodingStrategy = .iso8601
        return try CodecPair(for: seconds) {
            try use(decoder.decodeCase(Event.self, name: name, payload: payload))
        } foundation: {
            try use(foundation.decode(Event.self, from: whole))
        }
    }

    func encode(for seconds: Int) throws -> CodecPair {
        let encoder = PayloadEncoder()
        let foundation = Self.foundationEncoder
        return try CodecPair(for: seconds) {
            try use(encoder.encodeCase(event))
        } foundation: {
            try use(foundation.encode(event))
        }
    }

    private static var foundationEncoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        return encoder
    }
}

/// Keeps the optimiser from leaving out work whose result nobody needs.
@inline(never)
private func use<Value>(_ value: Value) {}
