public import MartletPostgres

/// Builds a read model by SQL from the events it takes, exactly once each and in the order of the log.
///
/// ```swift
/// struct Balances: Projection {
///     static let name = "balances"
///     static let tables = [
///         ReadModelTable("balances", "CREATE TABLE balances (account text PRIMARY KEY, cents bigint NOT NULL)")
///     ]
///
///     func project(_ recorded: Recorded<Account>, in transaction: Transaction) async throws {
///         transaction.enqueue("UPDATE balances SET …")
///     }
/// }
/// ```
/// Its tables are named without a schema: they are made in the application's schema for read models, and beside it
/// while they are rebuilt.
public protocol Projection: ReadModel {
    associatedtype Input

    /// The tables that it writes, made by ``Application/migrate()``; none when they are made elsewhere, and then they
    /// cannot be rebuilt.
    static var tables: [ReadModelTable] { get }

    /// What is projected in order; the event's stream unless it says otherwise.
    var key: EventKey<Input> { get }

    /// Writes the event's effect through the transaction, which commits it together with the checkpoint.
    ///
    /// What it does elsewhere is not undone when the transaction is rolled back and the event comes again.
    /// Statements whose answers it does not need it enqueues: they go to the server many at a time.
    /// - Throws: anything; see ``ReadModel/onFailure``.
    func project(_ input: Input, in transaction: Transaction) async throws
}

extension Projection {
    public static var tables: [ReadModelTable] { [] }

    public var key: EventKey<Input> { .stream }
}
