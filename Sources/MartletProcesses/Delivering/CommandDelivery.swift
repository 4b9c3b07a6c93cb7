import MartletDomain
import MartletEventStore
import MartletJSON

/// A command of a process on its way to its aggregate.
package struct CommandDelivery: Sendable {
    package enum Outcome: Sendable {
        case accepted
        /// JSON: the aggregate's rejection.
        case refused([UInt8])
    }

    package let stream: StreamName
    /// JSON.
    package let body: [UInt8]
    package let id: CommandID
    package let metadata: Metadata

    package init(stream: StreamName, body: [UInt8], id: CommandID, metadata: Metadata) {
        (self.stream, self.body, self.id, self.metadata) = (stream, body, id, metadata)
    }
}

extension CommandTarget {
    /// - Parameter wrap: nil where the aggregate refuses nothing.
    init<A: Aggregate>(_: A.Type, _ wrap: (@Sendable (Refusal<A>) -> Input)?)
    where A.Command: Codable, A.Rejection: Codable {
        category = A.category
        if let wrap {
            refusal = { place, bytes in wrap(try Refusal<A>(place, bytes)) }
        } else {
            refusal = nil
        }
        deliver = { store, delivery in
            guard let aggregate = StreamID<A>(delivery.stream) else { throw delivery.stream.isNot(A.self) }
            let command = try PayloadDecoder().decode(A.Command.self, from: delivery.body)
            do throws(ExecuteError<A.Rejection>) {
                try await store.execute(command, on: aggregate, as: delivery.id, metadata: delivery.metadata)
                return .accepted
            } catch {
                guard case .rejected(let rejection) = error else { throw error }
                return .refused(try PayloadEncoder().encode(rejection))
            }
        }
    }
}

extension Refusal where A.Rejection: Decodable {
    fileprivate init(_ place: StepPlace, _ rejection: [UInt8]) throws {
        let stream = StreamName(place.target) ?? StreamName(category: place.target, key: "")
        guard let aggregate = StreamID<A>(stream) else { throw stream.isNot(A.self) }
        self.init(
            step: place.step, aggregate: aggregate,
            rejection: try PayloadDecoder().decode(A.Rejection.self, from: rejection), at: place.at)
    }
}

extension StreamName {
    fileprivate func isNot<A: Aggregate>(_: A.Type) -> EventStoreError {
        .invalidStream(self, flaw: "expected a stream of category \"\(A.category)\"")
    }
}

extension ProviderUse {
    init<P: ActivityProvider>(_: P.Type, _ wrap: @escaping @Sendable (Answer<P>) -> Input) {
        name = P.name
        answer = { place, record in
            switch record {
            case .failed(let problem):
                return wrap(Answer(step: place.step, outcome: .failed(problem: problem), at: place.at))
            case .answered(let bytes):
                let answer = try PayloadDecoder().decode(P.Answer.self, from: bytes)
                return wrap(Answer(step: place.step, outcome: .answered(answer), at: place.at))
            }
        }
    }
}
