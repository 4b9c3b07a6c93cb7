import MartletStreamingLog

/// The places at which a test makes a consumer end as if its process had died there.
package struct ConsumerSteps: Sendable {
    package enum Step: Hashable, Sendable {
        /// A page has come.
        case received
        /// Effects and marks are written and not committed.
        case handled
        /// They are committed, and the log does not know.
        case committed
        /// The log knows.
        case acknowledged
        /// A letter's try is counted and not made.
        case counted
        /// Dead letters stand in their topic, and the database does not know.
        case sent
    }

    /// Ends the consumer without any cleaning up.
    package struct Crash: Error {
        package init() {}
    }

    private let body: (@Sendable (Step) throws(Crash) -> Void)?

    package static let none = ConsumerSteps(nil)

    package init(_ body: (@Sendable (Step) throws(Crash) -> Void)?) { self.body = body }

    func reach(_ step: Step) throws(Crash) { try body?(step) }
}
