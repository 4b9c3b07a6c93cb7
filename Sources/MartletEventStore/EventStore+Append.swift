public import MartletDomain
import MartletPostgres

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
        // A task of its own, so that a cancelled caller cannot cancel a statement whose commit may be under way.
        switch await Task(operation: { await outcome(of: request) }).value {
        case .committed(let receipt): return receipt
        case .conflict(let actual):
            throw .conflict(VersionConflict(stream: request.stream, expected: request.expected, actual: actual))
        case .unknown(let cause): throw .unknown(UnknownOutcome(stream: request.stream, cause: cause))
        case .failed(let error): throw .failed(.database(error))
        }
    }

    private func outcome(of request: AppendRequest) async -> AppendOutcome {
        do throws(PostgresError) {
            return try await send(request)
        } catch where error.leavesOutcomeUnknown {
            return await settle(request, after: error)
        } catch {
            return .failed(error)
        }
    }

    private func send(_ request: AppendRequest) async throws(PostgresError) -> AppendOutcome {
        let rows = try await pool.query(.append([request], schema: schema))
        do throws(PostgresDecodingError) {
            guard let row = rows.first else { return .unknown(.unreadableVerdict("expected a row, found none")) }
            let (version, position) = try row.decode(Int64.self, Int64?.self)
            guard let position else { return .conflict(actual: StreamVersion(rawValue: version)) }
            return .committed(
                Receipt(version: StreamVersion(rawValue: version), position: GlobalPosition(rawValue: position)))
        } catch {
            return .unknown(.unreadableVerdict(error.description))
        }
    }

    // MARK: unknown outcomes

    private static let settling = Backoff(base: .milliseconds(50), limit: .seconds(1))
    private static let settlingTries = 8

    /// Sends the same request again until there is an answer: it commits now, or it meets its own events, or others'.
    private func settle(_ request: AppendRequest, after cause: PostgresError) async -> AppendOutcome {
        guard let version = request.exactVersion else { return .unknown(cause) }
        for attempt in 1...Self.settlingTries {
            do throws(PostgresError) {
                let outcome = try await send(request)
                guard case .conflict = outcome else { return outcome }
                return try await receiptOfOwnEvents(request, after: version).map { .committed($0) } ?? outcome
            } catch where error.isUnavailability || error.sqlState == .lockNotAvailable {
                await pause(Self.settling.delay(after: attempt))
            } catch {
                break
            }
        }
        return .unknown(cause)
    }

    /// Where the request's own events stand, if they are what follows the expected version.
    private func receiptOfOwnEvents(
        _ request: AppendRequest, after version: StreamVersion
    ) async throws(PostgresError) -> Receipt? {
        let rows = try await pool.query(
            """
            SELECT max(version), max(position), count(*) FROM \(schema).events
            WHERE stream_id = \(request.stream.description) AND version > \(version.rawValue)
            AND event_id = ANY(\(request.events.map(\.id)))
            """)
        do throws(PostgresDecodingError) {
            guard let (last, position, count) = try rows.first?.decode(Int64?.self, Int64?.self, Int.self),
                let last, let position, count == request.events.count
            else { return nil }
            return Receipt(version: StreamVersion(rawValue: last), position: GlobalPosition(rawValue: position))
        } catch {
            throw PostgresError(sqlState: .protocolViolation, message: error.description)
        }
    }

    /// Sleeps; cut short only by the end of a task that nobody cancels.
    private func pause(_ duration: Duration) async {
        do { try await Task.sleep(for: duration) } catch {}
    }
}
