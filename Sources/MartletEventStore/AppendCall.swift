import MartletDomain
import MartletPostgres

/// Sends batches of appends to the append function, and finds out how each one ended.
struct AppendCall: Sendable {
    let pool: ConnectionPool
    let schema: SQLIdentifier
    /// How long a caller waits for certainty after its link was lost.
    private let patience: Duration = .seconds(15)
    private let backoff = Backoff(base: .milliseconds(10), limit: .milliseconds(500))

    init(pool: ConnectionPool, schema: SQLIdentifier) {
        self.pool = pool
        self.schema = schema
    }

    /// One outcome for each request, in their order; the requests are of different streams.
    func outcomes(of requests: [AppendRequest]) async -> [AppendOutcome] {
        do throws(PostgresError) {
            return try await send(requests)
        } catch let error where error.leavesOutcomeUnknown {
            return await settle(requests, after: error)
        } catch let error where requests.count > 1 && error.mayBeOneRequestsFault {
            // The server does not say which: halve until it stands alone.
            let (first, second) = requests.halves
            return await outcomes(of: first) + outcomes(of: second)
        } catch {
            return requests.map { _ in .failed(error) }
        }
    }

    private func send(_ requests: [AppendRequest]) async throws(PostgresError) -> [AppendOutcome] {
        let rows = try await pool.query(.append(requests, schema: schema))
        do throws(PostgresDecodingError) {
            guard rows.count == requests.count else {
                throw PostgresDecodingError(
                    column: "*", problem: "expected \(requests.count) rows, found \(rows.count)")
            }
            return try rows.map { row throws(PostgresDecodingError) in try AppendOutcome(row) }
        } catch {
            return requests.map { _ in .unknown(.unreadableVerdict(error.description)) }
        }
    }

    /// Sends the same requests again until there is an answer: each commits now, or meets its own events, or others'.
    ///
    /// Only those that name the version after which they stand: sending any other twice could write it twice.
    private func settle(_ requests: [AppendRequest], after cause: PostgresError) async -> [AppendOutcome] {
        let exact = requests.filter { $0.exactVersion != nil }
        var settled = await resend(exact, by: ContinuousClock.now + patience, after: cause).makeIterator()
        return requests.map { request in
            request.exactVersion == nil ? .unknown(cause) : settled.next() ?? .unknown(cause)
        }
    }

    private func resend(
        _ requests: [AppendRequest], by deadline: ContinuousClock.Instant, after cause: PostgresError
    ) async -> [AppendOutcome] {
        var failures = 0
        while !requests.isEmpty, ContinuousClock.now < deadline {
            do throws(PostgresError) {
                return try await recognisingOwnEvents(of: requests, in: try await send(requests))
            } catch let error where error.isUnavailability || error.sqlState == .lockNotAvailable {
                failures += 1
                // The task is the appender's own; nobody cancels it.
                do { try await Task.sleep(for: backoff.delay(after: failures)) } catch {}
            } catch let error where requests.count > 1 && error.mayBeOneRequestsFault {
                let (first, second) = requests.halves
                return await resend(first, by: deadline, after: cause) + resend(second, by: deadline, after: cause)
            } catch {
                return requests.map { _ in .unknown(error) }
            }
        }
        return requests.map { _ in .unknown(cause) }
    }

    /// A conflict with a request's own events means that the first sending had committed.
    private func recognisingOwnEvents(
        of requests: [AppendRequest], in outcomes: [AppendOutcome]
    ) async throws(PostgresError) -> [AppendOutcome] {
        var recognised: [AppendOutcome] = []
        for (request, outcome) in zip(requests, outcomes) {
            guard case .conflict = outcome, let receipt = try await receiptOfOwnEvents(request) else {
                recognised.append(outcome)
                continue
            }
            recognised.append(.committed(receipt))
        }
        return recognised
    }

    /// Where the request's own events stand, if they are in its stream.
    private func receiptOfOwnEvents(_ request: AppendRequest) async throws(PostgresError) -> Receipt? {
        let rows = try await pool.query(
            """
            SELECT max(version), max(position), count(*) FROM \(schema).events
            WHERE stream_id = \(request.stream.description) AND version > \(request.exactVersion?.rawValue ?? 0)
            AND event_id = ANY(\(request.events.map(\.id)))
            """)
        do throws(PostgresDecodingError) {
            guard let (version, position, count) = try rows.first?.decode(Int64?.self, Int64?.self, Int.self),
                let version, let position, count == request.events.count
            else { return nil }
            return Receipt(version: StreamVersion(rawValue: version), position: GlobalPosition(rawValue: position))
        } catch {
            throw .unreadableVerdict(error.description)
        }
    }
}

extension AppendOutcome {
    /// Reads the append function's answer to one request.
    fileprivate init(_ row: Row) throws(PostgresDecodingError) {
        let (version, position) = try row.decode(Int64.self, Int64?.self)
        if let position {
            self = .committed(
                Receipt(version: StreamVersion(rawValue: version), position: GlobalPosition(rawValue: position)))
        } else {
            self = .conflict(actual: StreamVersion(rawValue: version))
        }
    }
}

extension PostgresError {
    /// Data, constraints, limits and raised exceptions; anything else would fail every half of a batch alike.
    fileprivate var mayBeOneRequestsFault: Bool { ["22", "23", "54", "P0"].contains(sqlState.errorClass) }
}

extension [AppendRequest] {
    fileprivate var halves: ([AppendRequest], [AppendRequest]) {
        (Array(self[..<(count / 2)]), Array(self[(count / 2)...]))
    }
}
