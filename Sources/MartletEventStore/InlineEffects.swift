import MartletDomain
import MartletPostgres

/// What is written in the transaction of every append that this process makes, or keeps it from being made.
package protocol InlineEffects: Sendable {
    /// Statements that are sent together with the append and run after it, so that what ``write(_:after:events:in:)``
    /// must know costs no further round trip under the log's lock.
    /// - Parameter count: the most events that the append adds.
    func inquiries(events count: Int) -> [SQL]

    /// Writes the effects of what was appended.
    /// - Parameters:
    ///   - answers: to the inquiries.
    ///   - head: the log's last position before.
    ///   - count: how many events were added.
    /// - Throws: ``InlineRefusal``; `PostgresError` where nothing of this is to blame.
    func write(_ answers: [Rows], after head: GlobalPosition, events count: Int, in transaction: Transaction)
        async throws
}

/// Why an append is not made whose effects cannot be written.
package enum InlineRefusal: Error {
    /// By its own events.
    case ofEvents(ProjectionRefusal)
    /// By the state of things, whatever is appended.
    case ofEverything(EventStoreError)
    /// By somebody who is at a projection just now: to be tried again, and given up for this reason.
    case ofTheMoment(EventStoreError)
    /// By a projection that took so long that the database has ended the transaction: to be tried once more, in case it
    /// was the process that stood still, and then given up for this.
    indirect case ofDelay(InlineRefusal)
}

/// An inline projection does not take an append's events; nothing of the append was written.
public struct ProjectionRefusal: Error, Sendable, CustomStringConvertible {
    /// The projection's name.
    public let projection: String
    /// What it threw, or what the database said to what it wrote.
    public let cause: any Error

    package init(projection: String, cause: any Error) {
        (self.projection, self.cause) = (projection, cause)
    }

    /// The named constraint of the projection's table that was violated, if that is what happened.
    public var constraint: String? { (cause as? PostgresError)?.constraint }

    public var description: String { "projection \"\(projection)\" refuses the append: \(cause)" }
}
