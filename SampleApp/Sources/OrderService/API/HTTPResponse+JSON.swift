import Foundation
import MartletHTTP

extension HTTPResponse {
    /// A value as JSON with its members in alphabetical order and its times in RFC 3339.
    init(encoding value: some Encodable, status: HTTPStatus = .ok) throws {
        self = .json(Array(try JSONEncoder.service.encode(value)), status: status)
    }
}

extension JSONEncoder {
    static var service: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(Timestamp.text(date))
        }
        return encoder
    }
}
