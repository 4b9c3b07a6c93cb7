/// The provider's own failure: whether the request took effect is not known, and it may be sent again under its key.
public struct ProviderUnavailable: Error, Hashable, Sendable, CustomStringConvertible {
    public let provider: String
    /// How often the request has come.
    public let attempt: Int

    public var description: String { "the \(provider) provider failed on call \(attempt) of this request" }
}

/// A provider's side of a call: what it does, when it answers and whether.
struct Simulation: Sendable {
    let provider: String
    let ledger: ProviderLedger
    let behaviour: SimulatorBehaviour

    /// - Returns: nil when the key belongs to another request.
    func perform<Answer: Codable & Sendable>(
        _ request: some LedgerRequest, key: String, decide: @Sendable (LedgerAccount) -> LedgerEntry<Answer>
    ) async throws -> Answer? {
        let attempt = try await ledger.countCall(of: provider, request, key: key)
        let way = behaviour.delay(request) / 2
        try await Task.sleep(for: way)
        let conduct = behaviour.conduct(request, attempt: attempt)
        var answer: Answer?
        if conduct.takesEffect {
            answer = try await ledger.answer(of: provider, to: request, key: key, decide: decide)
        }
        switch conduct {
        case .answers: break
        case .fails: throw ProviderUnavailable(provider: provider, attempt: attempt)
        case .staysSilent: try await waitUntilCancelled()
        }
        try await Task.sleep(for: way)
        return answer
    }

    private func waitUntilCancelled() async throws -> Never {
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}

extension Conduct {
    fileprivate var takesEffect: Bool {
        switch self {
        case .answers: true
        case .fails(let takesEffect), .staysSilent(let takesEffect): takesEffect
        }
    }
}
