public import MartletDomain

extension EventStore {
    /// Closes a stream, so that nothing can be appended to it any more; closing it again changes nothing.
    ///
    /// Returns the version at which it is closed. Its events stay readable.
    /// - Throws: ``AppendError/conflict(_:)`` when the stream is not as expected, else as an append.
    @discardableResult
    public func close<A: Aggregate>(
        _ id: StreamID<A>, expecting expected: ExpectedVersion
    ) async throws(AppendError) -> StreamVersion {
        let outcome: CloseOutcome
        do throws(EventStoreError) {
            if let flaw = id.name.flaw { throw .invalidStream(id.name, flaw: flaw) }
            outcome = try await storage.close(id.name, expecting: expected)
        } catch .database(let error) where error.leavesOutcomeUnknown {
            throw .unknown(UnknownOutcome(stream: id.name, cause: error))
        } catch { throw .failed(error) }
        switch outcome {
        case .closed(let version):
            cache.drop(id)
            return version
        case .conflict(let actual):
            throw .conflict(VersionConflict(stream: id.name, expected: expected, actual: actual))
        }
    }

    /// Moves a closed stream's events out of the table that appends work on, and returns how many; they stay readable,
    /// by the stream's id and in the log.
    ///
    /// The log's very last event stays where it is until another follows; archiving again takes it along.
    /// - Throws: ``EventStoreError/notClosed(_:)``, ``EventStoreError/database(_:)``.
    @discardableResult
    public func archive<A: Aggregate>(_ id: StreamID<A>) async throws(EventStoreError) -> Int {
        if let flaw = id.name.flaw { throw .invalidStream(id.name, flaw: flaw) }
        cache.drop(id)
        guard let moved = try await storage.archive(id.name) else { throw .notClosed(id.name) }
        return moved
    }

    /// Forgets the answers to commands that are older than this by the database's clock, and returns how many.
    ///
    /// A command that is sent again after that is a new one. All answers are kept that are younger than the oldest effect
    /// which a process manager has yet to deliver, or has parked.
    /// - Throws: ``EventStoreError/database(_:)``.
    @discardableResult
    public func forgetCommands(olderThan age: Duration) async throws(EventStoreError) -> Int {
        try await storage.forgetCommands(olderThan: age)
    }
}
