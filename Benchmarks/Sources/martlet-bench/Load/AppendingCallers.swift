import Foundation
import Martlet

/// Begins a new stream with every call.
struct NewStreams: Caller {
    let store: EventStore
    var events = [Account.Event.sample]

    func call() async throws {
        try await store.append(events, to: Account.ID(UUID().uuidString), expecting: .noStream)
    }
}

/// Continues one of its own streams with every call, picked at random, at the version that it remembers.
struct OwnStreams: Caller {
    let store: EventStore
    private var streams: [(id: Account.ID, version: StreamVersion)]

    init(_ store: EventStore, _ ids: [Account.ID], at version: StreamVersion) {
        self.store = store
        streams = ids.map { ($0, version) }
    }

    mutating func call() async throws {
        let index = Int.random(in: streams.indices)
        let (id, version) = streams[index]
        streams[index].version = try await store.append([.sample], to: id, expecting: .exactly(version)).version
    }
}

extension Array {
    /// The part of the elements that is one caller's own: callers never meet in a stream.
    func share(_ number: Int, of callers: Int) -> [Element] {
        stride(from: number, to: count, by: callers).map { self[$0] }
    }
}
