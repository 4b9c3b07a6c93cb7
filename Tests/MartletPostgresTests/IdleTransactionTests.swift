import MartletPostgres
import MartletTesting
import Testing

@Suite(.tags(.database)) struct IdleTransactionTests {
    /// Whoever is slow between two statements is told why his session has ended, and that nothing was committed.
    @Test func `a transaction that idles for too long fails with the server's reason`() async throws {
        try await ThrowawayDatabase.with { database in
            let connection = try await Connection.open(database.configuration)
            let error = await #expect(throws: PostgresError.self) {
                try await connection.transaction { transaction in
                    try await transaction.execute("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
                    try await Task.sleep(for: .milliseconds(200))
                    try await transaction.execute("SELECT 1")
                }
            }
            #expect(error?.sqlState == .idleInTransactionTimeout, "\(error?.debugDescription ?? "")")
        }
    }
}
