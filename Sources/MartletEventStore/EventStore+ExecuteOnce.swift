public import MartletDomain

extension EventStore {
    /// Runs a command that has an id, so that it takes effect once however often it is sent: its answer, the domain's
    /// rejection included, is kept with its events, and the same id gets the same answer for ever.
    ///
    /// Two commands are the same if they encode to the same JSON. Dictionaries with string or integer keys are written
    /// sorted; a command with a `Set` in it has to encode that in an order of its own.
    ///
    /// The events' metadata names the command as their cause, and as what they have in common, unless it says otherwise.
    /// - Throws: ``ExecuteError``; ``EventStoreError/commandIDReused(_:)`` in it for another command, or another
    ///   aggregate, under the same id.
    @discardableResult
    public func execute<A: Aggregate>(
        _ command: A.Command, on id: StreamID<A>, as commandID: CommandID, metadata: Metadata = .none
    ) async throws(ExecuteError<A.Rejection>) -> Receipt where A.Command: Encodable, A.Rejection: Codable {
        let asked: AppendUnit.Command
        do throws(EventStoreError) {
            asked = try AppendUnit.Command(commandID, body: try codec.body(of: command, on: id))
        } catch { throw .failed(error) }
        var metadata = metadata.merging(.ambient)
        metadata.causationID = metadata.causationID ?? commandID.rawValue
        metadata.correlationID = metadata.correlationID ?? commandID.rawValue
        return try await deciding(id) { [metadata] folded throws(ExecuteError<A.Rejection>) in
            try await answer(to: command, asked, on: id, folded, metadata)
        }
    }

    /// Decides, and keeps what was decided under the command's id.
    ///
    /// A refusal is appended too, at the state's own version; so one that was decided on a state of the past is a
    /// conflict, like events.
    private func answer<A: Aggregate>(
        to command: A.Command, _ asked: AppendUnit.Command, on id: StreamID<A>, _ folded: Folded<A>,
        _ metadata: Metadata
    ) async throws(ExecuteError<A.Rejection>) -> Receipt where A.Rejection: Codable {
        var asked = asked
        var events: [A.Event] = []
        var rejection: A.Rejection?
        do throws(A.Rejection) { events = try folded.state.decide(command) } catch { rejection = error }
        do throws(EventStoreError) {
            asked.rejection = try rejection.map { rejection throws(EventStoreError) in
                try codec.encode(rejection, of: id.name)
            }
        } catch { throw .failed(error) }
        let stream = try encode(events, on: id, folded, metadata)
        switch try await append(stream, to: folded, of: id, as: asked) {
        case .committed(let receipt):
            if let rejection { throw .rejected(rejection) }
            return receipt
        case .repeated(let answer):
            return try receipt(of: answer, to: asked.id, or: A.Rejection.self)
        }
    }

    private func receipt<Rejection: Error & Codable>(
        of answer: CommandAnswer, to id: CommandID, or _: Rejection.Type
    ) throws(ExecuteError<Rejection>) -> Receipt {
        guard answer.isSameBody, let version = answer.versions.first else { throw .failed(.commandIDReused(id)) }
        guard let bytes = answer.rejection else {
            return Receipt(version: version, position: answer.position, isRepeated: true)
        }
        let rejection: Rejection
        do throws(EventStoreError) { rejection = try codec.decodeRejection(bytes, of: id) } catch {
            throw .failed(error)
        }
        throw .rejected(rejection)
    }
}

extension EventCodec {
    /// What a command asks for: the stream and the command.
    fileprivate func body<A: Aggregate>(
        of command: A.Command, on id: StreamID<A>
    ) throws(EventStoreError) -> [UInt8] where A.Command: Encodable {
        Array("\(id.name)\n".utf8) + (try encode(command, of: id.name))
    }
}
