import CLibPQ

extension Connection {
    /// Runs a statement that the server has parsed before, or now, once for the life of the session.
    func exchangePrepared(_ sql: SQL) throws(PostgresError) -> Rows {
        let text = sql.text
        try requireOpen(text)
        let parameters = try BoundParameters(sql)
        do throws(PostgresError) {
            return try run(prepared: text, parameters)
        } catch let error where error.isStalePreparation && openTransaction == nil {
            // Refused before it ran: the session was reset, or a migration changed what the statement answers.
            preparedStatements[text] = nil
            return try run(prepared: text, parameters)
        }
    }

    private func run(prepared text: String, _ parameters: BoundParameters) throws(PostgresError) -> Rows {
        let name = if let known = preparedStatements[text] { known } else { try prepare(text, parameters) }
        let result = parameters.withPointers { _, values, lengths, formats in
            PQexecPrepared(link.pointer, name, Int32(parameters.count), values, lengths, formats, 1)
        }
        return try check(result, statement: text)
    }

    private func prepare(_ text: String, _ parameters: BoundParameters) throws(PostgresError) -> String {
        lastPrepared += 1
        let name = "martlet_\(lastPrepared)"
        let result = parameters.withPointers { types, _, _, _ in
            PQprepare(link.pointer, name, text, Int32(parameters.count), types)
        }
        _ = try check(result, statement: text)
        preparedStatements[text] = name
        return name
    }
}

extension PostgresError {
    fileprivate var isStalePreparation: Bool {
        sqlState == .invalidSQLStatementName || sqlState == .featureNotSupported
    }
}
