import FoundationEssentials
public import MartletDomain
import MartletEventStore

/// Files that hold how each version of each event is stored, so that a change of the stored format breaks a test before
/// it breaks a production log.
///
/// A directory beside the test holds, for one aggregate:
/// - `order.placed.v2.json`: a payload of that type and version, as it is stored;
/// - `order.placed.v1.today.json`: what the payload of an older version reads as today, in today's stored form: type,
///   version and payload; `null` for a retired event.
///
/// ```swift
/// @Test func `orders are stored and read as the golden files say`() throws {
///     try GoldenEvents.verify(Order.self, samples: [.placed(details), .paid(cents: 1580, at: noon)])
/// }
/// ```
public enum GoldenEvents {
    /// Whether the environment asks for recording: `MARTLET_RECORD_GOLDEN=1 swift test`.
    public static var isRecording: Bool { ProcessInfo.processInfo.environment["MARTLET_RECORD_GOLDEN"] == "1" }

    /// Checks that today's events are stored as the files say, and that every file still reads as it should.
    ///
    /// Each case of today has one sample, and its file is that of the current version. Each older version that an
    /// upcaster starts from, and each renamed name, has a file too: it is the one that was recorded when that version
    /// was current. Payloads are compared without regard to white space and the order of members.
    ///
    /// Recording writes the files of current versions that are missing, and what older ones read as; it never touches
    /// a payload that is there. What was recorded still fails the test, so that somebody looks at it.
    /// - Parameters:
    ///   - directory: relative to the directory of `file`, or absolute.
    ///   - file: the test's own.
    /// - Throws: ``GoldenEventsError`` with everything that is wrong; whatever reading or writing files throws.
    public static func verify<A: Aggregate>(
        _: A.Type, samples: [A.Event], directory: String = "Golden", record: Bool = isRecording,
        from file: String = #filePath
    ) throws {
        let folder = URL(filePath: file).deletingLastPathComponent().appending(path: directory)
        let path = directory.hasPrefix("/") ? directory : folder.path
        var check = GoldenCheck<A>(directory: try GoldenDirectory(path: path), isRecording: record)
        try check.run(samples)
        guard check.problems.isEmpty else { throw GoldenEventsError(problems: check.problems) }
    }
}

/// Where the golden files of an aggregate's events and the build do not agree.
public struct GoldenEventsError: Error, Hashable, Sendable, CustomStringConvertible {
    public let problems: [String]

    public var description: String { problems.joined(separator: "\n") }
}
