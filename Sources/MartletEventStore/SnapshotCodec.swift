import MartletDomain
import MartletJSON

/// Between the states of aggregates that adopt ``Snapshotting`` and the JSON that is kept of them.
struct SnapshotCodec: Sendable {
    private let encoder = PayloadEncoder()
    private let decoder = PayloadDecoder()

    func encode<S: Snapshotting>(_ state: S) throws -> [UInt8] { try encoder.encode(state) }

    func decode<S: Snapshotting>(_ bytes: [UInt8], as _: S.Type) throws -> S { try decoder.decode(S.self, from: bytes) }
}
