import Foundation

extension Encodable {
    /// The value on one line, as the service's responses have it.
    var json: String {
        get throws { String(decoding: try JSONEncoder.service.encode(self), as: UTF8.self) }
    }
}
