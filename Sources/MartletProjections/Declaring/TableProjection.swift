/// Builds one table by folding events into its rows in memory: a batch of events is one read of the rows that it
/// changes and one statement that writes those that came out otherwise.
///
/// ```swift
/// struct Balances: TableProjection {
///     static let name = "balances"
///
///     func key(of recorded: Recorded<Account>) -> String? { recorded.stream.key }
///
///     func apply(_ recorded: Recorded<Account>, to row: inout Balance?) {
///         var balance = row ?? Balance(account: recorded.stream.key, cents: 0)
///         switch recorded.event {
///         case .received(let cents): balance.cents += cents
///         case .sent(let cents, _): balance.cents -= cents
///         }
///         row = balance
///     }
/// }
/// ```
/// The events of one row are applied in the order of the log by one worker; nobody else writes the table.
public protocol TableProjection: ReadModel {
    associatedtype Input
    associatedtype Row: TableRow

    /// Whether all events of a row are of one stream, as they are where the row's key is the stream's or begins with it;
    /// false unless it says otherwise.
    ///
    /// Then an event that cannot be read is parked with its stream. Without this it may belong to any row, and stops
    /// the projection. It must be true if it says so: events of one row in two streams may come to two
    /// workers, of which each undoes what the other wrote.
    static var isKeyedByStream: Bool { get }

    /// The key of the row that an event changes; nil when it changes none.
    func key(of input: Input) -> Row.Key?

    /// Changes the row, which is nil when there is none; leaves nil when there is to be none.
    ///
    /// A pure function of what it is given, since a batch may be rolled back and come again.
    /// - Throws: anything; see ``ReadModel/onFailure``.
    func apply(_ input: Input, to row: inout Row?) throws
}

extension TableProjection {
    public static var isKeyedByStream: Bool { false }
}

/// A row of a table that a ``TableProjection`` keeps.
///
/// ```swift
/// struct Balance: TableRow {
///     var account: String
///     var cents: Int
///
///     var key: String { account }
///
///     static let table = Table<Balance>(
///         "balances", key: Column("account", \.account), columns: Column("cents", \.cents), make: Balance.init)
/// }
/// ```
public protocol TableRow: Equatable, Sendable {
    /// What tells rows apart: the value of the table's key column, or a struct of several.
    associatedtype Key: TableKey

    /// The values of the table's key columns; an event that leaves its row with another key cannot be projected.
    var key: Key { get }

    static var table: Table<Self> { get }
}
