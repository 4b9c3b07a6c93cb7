public import FoundationEssentials
public import MartletStreamingLog

extension EmbeddedLog {
    /// A streaming log in memory, empty, with the promises of the one in PostgreSQL; gone with its last copy.
    ///
    /// ```swift
    /// let log = EmbeddedLog.inMemory()
    /// try await log.create(Topic("orders"))
    /// ```
    ///
    /// The two pass the same tests: offsets, duplicates and holes of producers' sequences, epochs, groups and their
    /// leases, retention and compaction. It never fails by itself, and what it does it does at once. What a record or a
    /// segment takes is what its bytes count, not pages of a disk.
    /// - Parameters:
    ///   - largestRecord: the most bytes that a record may have, its headers included.
    ///   - now: the log's clock, by which records, segments and leases age; what is recorded never decreases.
    public static func inMemory(
        largestRecord: Int = 1 << 20, now: @escaping @Sendable () -> Date = { Date() }
    ) -> EmbeddedLog {
        EmbeddedLog(InMemoryLogStorage(now: now), largestRecord: largestRecord)
    }
}
