public import MartletDomain
import MartletJSON

extension EventStore {
    /// Appends events to a stream, all or none, if the stream is as expected.
    ///
    /// Returns once the commit is durable. A cancelled task's append is dropped while it waits to be sent, and never
    /// once it has been sent. When the link is lost on the way, an append with an exact version (or `.noStream`) is
    /// settled by sending it again: its events' ids tell whether the first try had committed. One without is never sent
    /// twice and ends as ``AppendError/unknown(_:)``, unless it carries a command's id.
    /// - Parameter command: the same id answers the same for ever; other events, or another stream or expectation,
    ///   under the same id are an error.
    /// - Throws: ``AppendError``.
    @discardableResult
    public func append<A: Aggregate>(
        _ events: [A.Event], to id: StreamID<A>, expecting expected: ExpectedVersion, metadata: Metadata = .none,
        as command: CommandID? = nil
    ) async throws(AppendError) -> Receipt {
        let unit: AppendUnit
        do throws(EventStoreError) {
            unit = try self.unit(
                of: [
                    try AppendUnit.Stream(events, to: id, expecting: expected, metadata: metadata, codec: codec)
                ], as: command)
        } catch { throw .failed(error) }
        return try await append(unit)[0]
    }

    /// Appends to several streams in one commit, all or none, if every one of them is as expected.
    ///
    /// As ``append(_:to:expecting:metadata:as:)``; the receipts come in the order of the appends.
    /// - Throws: ``AppendError``; a conflict names the first stream that was not as expected.
    @discardableResult
    public func append(
        _ appends: [StreamAppend], as command: CommandID? = nil
    ) async throws(AppendError) -> [Receipt] {
        let unit: AppendUnit
        do throws(EventStoreError) {
            var names: Set<StreamName> = []
            for append in appends where !names.insert(append.stream).inserted { throw .streamNamedTwice(append.stream) }
            unit = try self.unit(
                of: try appends.map { append throws(EventStoreError) in try append.encode(codec) }, as: command)
        } catch { throw .failed(error) }
        return try await append(unit)
    }

    private func unit(
        of streams: [AppendUnit.Stream], as command: CommandID?
    ) throws(EventStoreError) -> AppendUnit {
        guard !streams.isEmpty else { throw .nothingToAppend(nil) }
        for stream in streams where stream.events.isEmpty { throw .nothingToAppend(stream.name) }
        guard let command else { return AppendUnit(streams) }
        return AppendUnit(streams, command: try AppendUnit.Command(command, body: AppendUnit.body(of: streams)))
    }

    private func append(_ unit: AppendUnit) async throws(AppendError) -> [Receipt] {
        switch await storage.append(unit) {
        case .committed(let versions, let position):
            return versions.map { Receipt(version: $0, position: position) }
        case .repeated(let answer):
            return try answer.receipts(of: unit)
        case .conflict(let conflict): throw .conflict(conflict)
        case .closed(let stream, let version): throw .failed(.closed(stream, at: version))
        case .unknown(let cause): throw .unknown(UnknownOutcome(stream: unit.streams[0].name, cause: cause))
        case .failed(let error): throw .failed(error)
        }
    }
}

extension AppendUnit {
    /// What an append with a command's id asks for: everything but the events' ids and metadata.
    fileprivate static func body(of streams: [Stream]) -> [UInt8] {
        var body: [UInt8] = []
        // Each piece with its length, so that no two appends read alike.
        func add(_ bytes: [UInt8]) { body += Array("\(bytes.count):".utf8) + bytes }
        for stream in streams {
            add(Array(stream.id.utf8))
            add(Array(stream.expected.description.utf8))
            add(Array(String(stream.events.count).utf8))
            for event in stream.events {
                add(Array("\(event.type) \(event.typeVersion)".utf8))
                add(event.payload)
            }
        }
        return body
    }
}

extension AppendUnit.Command {
    /// - Throws: ``EventStoreError/invalidCommandID(_:flaw:)``.
    init(_ id: CommandID, body: [UInt8]) throws(EventStoreError) {
        if let flaw = id.flaw { throw .invalidCommandID(id, flaw: flaw) }
        (self.id, self.body, rejection) = (id, body, nil)
    }
}

extension CommandAnswer {
    /// What the append had come to when it was first sent.
    fileprivate func receipts(of unit: AppendUnit) throws(AppendError) -> [Receipt] {
        guard isSameBody, versions.count == unit.streams.count, rejection == nil else {
            throw .failed(.commandIDReused(unit.command?.id ?? ""))
        }
        return versions.map { Receipt(version: $0, position: position, isRepeated: true) }
    }
}
