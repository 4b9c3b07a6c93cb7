public import MartletDomain
public import MartletPostgres

/// Builds a read model from the events of one kind of aggregate, exactly once each and in the order of the log.
///
/// ```swift
/// struct Balances: Projection {
///     static let name = "balances"
///     func project(_ recorded: Recorded<Account>, in transaction: Transaction) async throws {
///         try await transaction.execute("UPDATE …")
///     }
/// }
/// ```
public protocol Projection: Sendable {
    /// The aggregate whose events it reads; inferred from `project`.
    associatedtype Source: Aggregate

    /// Its checkpoint's name. It reaches the database, so it is written down and never changes.
    static var name: String { get }

    /// Writes the event's effect through the transaction, which commits it together with the checkpoint.
    ///
    /// What it does elsewhere is not undone when the transaction is rolled back and the event comes again.
    /// - Throws: anything; the event is tried again with back-off and never skipped.
    func project(_ recorded: Recorded<Source>, in transaction: Transaction) async throws
}
