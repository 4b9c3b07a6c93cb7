public import MartletDomain

extension EventStore {
    /// Appends events to a stream, all or none, if the stream is as expected.
    ///
    /// Returns once the commit is durable. The append is not given up when the task is cancelled. When the link is lost
    /// on the way, an append with an exact version (or `.noStream`) is settled by sending it again: its events' ids tell
    /// whether the first try had committed. One without is never sent twice and ends as ``AppendError/unknown(_:)``.
    /// - Throws: ``AppendError``.
    @discardableResult
    public func append<A: Aggregate>(
        _ events: [A.Event], to id: StreamID<A>, expecting expected: ExpectedVersion, metadata: Metadata = .none
    ) async throws(AppendError) -> Receipt {
        let request: AppendRequest
        do throws(EventStoreError) {
            request = try AppendRequest(events, to: id, expecting: expected, metadata: metadata, codec: codec)
        } catch { throw .failed(error) }
        switch await appender.append(request) {
        case .committed(let receipt): return receipt
        case .conflict(let actual):
            throw .conflict(VersionConflict(stream: request.stream, expected: request.expected, actual: actual))
        case .unknown(let cause): throw .unknown(UnknownOutcome(stream: request.stream, cause: cause))
        case .failed(let error): throw .failed(.database(error))
        }
    }
}
