import MartletPostgres
import Testing

@testable import MartletStreamingLog

extension EmbeddedLog {
    /// Upkeep, but for what somebody holds.
    func maintainWhatIsFree() async throws(StreamingLogError) {
        do throws(StreamingLogError) {
            try await storage.maintain()
        } catch .database(let error) where error.sqlState == .lockNotAvailable {}
    }

    /// Expects upkeep to leave something to the next time, since somebody holds it.
    func expectLockedUpkeep(sourceLocation: SourceLocation = #_sourceLocation) async throws(StreamingLogError) {
        do throws(StreamingLogError) {
            try await storage.maintain()
            Issue.record("expected a lock that was not to be had", sourceLocation: sourceLocation)
        } catch .database(let error) where error.sqlState == .lockNotAvailable {}
    }
}
