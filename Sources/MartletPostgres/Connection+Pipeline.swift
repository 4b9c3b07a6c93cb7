import CLibPQ

extension Connection {
    /// Sends all statements at once and then reads all answers, in one implicit transaction unless one is open.
    ///
    /// All of them take effect or none does. Success means that the answer to the closing Sync has been read.
    /// - Throws: the first statement's failure; the others then had no effect. A COPY is refused and ends the session.
    @discardableResult
    public func pipeline(_ statements: [SQL]) async throws(PostgresError) -> [Rows] {
        try await cancellable { () throws(PostgresError) in try self.exchange(statements) }
    }

    /// Sends COMMIT behind statements at once. The task's cancellation may reach the statements, and not the commit.
    func commit(behind statements: [SQL]) async throws(PostgresError) -> [Rows] {
        try await cancellable { () throws(PostgresError) in try self.exchange(statements, commits: true) }
    }

    func exchange(_ statements: [SQL], commits: Bool = false) throws(PostgresError) -> [Rows] {
        try requireOpen(statements.first?.text)
        let begin = unsentBegin.map { [$0] } ?? []
        let steps = try steps(of: begin + statements)
        let commit = commits ? try self.steps(of: ["COMMIT"]) : []
        guard PQenterPipelineMode(link.pointer) == 1 else {
            throw PostgresError(sqlState: .protocolViolation, message: link.lastMessage)
        }
        unsentBegin = nil
        defer { leavePipelineMode() }
        for step in steps { try send(step) }
        // So that the answers come before the commit has ended.
        if commits, PQsendFlushRequest(link.pointer) != 1 { throw link.error(of: nil, statement: nil) }
        for step in commit { try send(step) }
        guard PQpipelineSync(link.pointer) == 1 else { throw link.error(of: nil, statement: nil) }
        do throws(PostgresError) {
            return Array(try readAnswers(to: steps, and: commit).dropFirst(begin.count))
        } catch {
            // Where even that has failed, the next statement begins it.
            if link.isOpen, link.isIdle { unsentBegin = begin.first }
            throw error
        }
    }

    /// One message to the server and its answer.
    private struct PipelineStep {
        let text: String
        let parameters: BoundParameters
        /// Empty for the statement that was parsed last under no name, which the server keeps until the next one.
        let name: String
        let isPreparation: Bool
    }

    /// A prepared statement is parsed once for the session; others of the same text that follow one another, once.
    private func steps(of statements: [SQL]) throws(PostgresError) -> [PipelineStep] {
        var steps: [PipelineStep] = []
        steps.reserveCapacity(statements.count * 2)
        var named = prepared
        var unnamed: (text: String, types: [UInt32])?
        for sql in statements {
            let (text, parameters) = (sql.text, try BoundParameters(sql))
            var (name, isParsed) = ("", false)
            if sql.isPrepared, keepsPrepared {
                name = PreparedStatement(text, parameters, preparation).name
                isParsed = !named.insert(name).inserted
            } else {
                isParsed = unnamed.map { $0 == (text, parameters.types) } ?? false
                unnamed = (text, parameters.types)
            }
            if !isParsed {
                steps.append(PipelineStep(text: text, parameters: parameters, name: name, isPreparation: true))
            }
            steps.append(PipelineStep(text: text, parameters: parameters, name: name, isPreparation: false))
        }
        return steps
    }

    private func send(_ step: PipelineStep) throws(PostgresError) {
        let count = Int32(step.parameters.count)
        let sent = step.parameters.withPointers { types, values, lengths, formats in
            step.isPreparation
                ? PQsendPrepare(link.pointer, step.name, step.text, count, types)
                : PQsendQueryPrepared(link.pointer, step.name, count, values, lengths, formats, 1)
        }
        guard sent == 1 else { throw link.error(of: nil, statement: step.text) }
    }

    private func readAnswers(
        to steps: [PipelineStep], and commit: [PipelineStep]
    ) throws(PostgresError) -> [Rows] {
        var answers: [Rows] = []
        var failure: PostgresError?
        for (index, step) in (steps + commit).enumerated() {
            if index == steps.count { endCancelling() }
            do throws(PostgresError) {
                let answer = try readAnswer(to: step.text)
                if !step.isPreparation {
                    answers.append(answer)
                } else if !step.name.isEmpty {
                    prepared.insert(step.name)
                }
            } catch {
                let isLost = !step.name.isEmpty && forgetPrepared(after: error)
                failure = failure ?? (isLost ? .preparationLost(error) : error)
            }
            // A lost link answers nothing more; the first word about it is kept.
            guard link.isOpen else { break }
        }
        try readSync(failure)
        if let failure { throw failure }
        return answers
    }

    /// One statement's answer is a result and then a null.
    private func readAnswer(to statement: String) throws(PostgresError) -> Rows {
        let result = PQgetResult(link.pointer)
        if [PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH].contains(PQresultStatus(result)) {
            PQclear(result)
            // libpq would answer the same for ever.
            breakLink()
            throw PostgresError(
                sqlState: .protocolViolation, message: "expected no COPY in a pipeline", statement: statement)
        }
        defer { while let more = PQgetResult(link.pointer) { PQclear(more) } }
        guard PQresultStatus(result) != PGRES_PIPELINE_ABORTED else {
            PQclear(result)
            throw PostgresError(sqlState: .inFailedTransaction, message: "an earlier statement of the pipeline failed")
        }
        return try check(result, statement: statement)
    }

    private func readSync(_ failure: PostgresError?) throws(PostgresError) {
        let result = PQgetResult(link.pointer)
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_PIPELINE_SYNC else {
            if let failure { throw failure }
            throw link.error(of: result, statement: nil)
        }
    }

    /// A connection that cannot leave the mode is broken: half an answer may be on its way.
    private func leavePipelineMode() {
        if PQexitPipelineMode(link.pointer) != 1 { breakLink() }
    }
}
