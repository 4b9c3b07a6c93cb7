import CLibPQ

extension Connection {
    /// Runs a statement that the server has parsed before, or now, once for the life of the session.
    func exchangePrepared(_ sql: SQL) throws(PostgresError) -> Rows {
        try requireOpen(sql.text)
        let statement = PreparedStatement(sql.text, try BoundParameters(sql), preparation)
        do throws(PostgresError) { return try run(statement) } catch {
            guard forgetPrepared(after: error) else { throw error }
            guard openTransaction == nil else { throw .preparationLost(error) }
            // Refused before it ran.
            return try exchange(sql)
        }
    }

    private func run(_ statement: PreparedStatement) throws(PostgresError) -> Rows {
        if !prepared.contains(statement.name) {
            let result = statement.parameters.withPointers { types, _, _, _ in
                PQprepare(link.pointer, statement.name, statement.text, Int32(statement.parameters.count), types)
            }
            _ = try check(result, statement: statement.text)
            prepared.insert(statement.name)
        }
        let result = statement.parameters.withPointers { _, values, lengths, formats in
            PQexecPrepared(
                link.pointer, statement.name, Int32(statement.parameters.count), values, lengths, formats, 1)
        }
        return try check(result, statement: statement.text)
    }

    /// Takes note of an answer to a prepared statement from which it follows that the server does not have what it was
    /// thought to have; false for any other.
    func forgetPrepared(after error: PostgresError) -> Bool {
        guard error.isStalePreparation else { return false }
        prepared = []
        // A migration has changed what a statement answers, and the server has it still under its old name; or somebody else
        // has a hand in the session, as behind a transaction pooler, and what is prepared now may be missing the next time.
        if error.sqlState == .featureNotSupported { preparation += 1 } else { keepsPrepared = false }
        return true
    }
}

/// A statement under the name that it has in any session: of another text, or of other types, it has another one.
struct PreparedStatement {
    let text: String
    let parameters: BoundParameters
    let name: String

    /// - Parameter preparation: how often everything has been prepared anew.
    init(_ text: String, _ parameters: BoundParameters, _ preparation: Int) {
        (self.text, self.parameters) = (text, parameters)
        let types = parameters.types.map(String.init).joined(separator: ",")
        let suffix = preparation == 0 ? "" : "_\(preparation)"
        name = "martlet_" + String("\(types) \(text)".stableHash, radix: 16) + suffix
    }
}

extension PostgresError {
    fileprivate var isStalePreparation: Bool {
        switch sqlState {
        case .invalidSQLStatementName, .duplicatePreparedStatement: true
        case .featureNotSupported: sourceFunction == "RevalidateCachedQuery"
        default: false
        }
    }

    /// What a transaction fails with that may be tried again: the connection has taken note.
    static func preparationLost(_ error: PostgresError) -> PostgresError {
        PostgresError(
            sqlState: .serializationFailure, message: "what was prepared is not there: \(error.message)",
            statement: error.statement)
    }
}
