import Synchronization
import Testing

/// The issues that `body` records: their texts, and the lines that they point to.
func issues(in body: () async throws -> Void) async throws -> [(text: String, line: Int?)] {
    let found = Mutex<[(text: String, line: Int?)]>([])
    try await withKnownIssue(isIntermittent: true) {
        try await body()
    } matching: { issue in
        guard issue.error == nil else { return false }
        found.withLock { $0.append((issue.comments.map(\.rawValue).joined(), issue.sourceLocation?.line)) }
        return true
    }
    return found.withLock { $0 }
}

extension Tag {
    @Tag static var database: Tag
}
