/// Fetches one page after the other, each while the one before it is processed: never more than one ahead.
///
/// Whether there is a next page, and where it starts, is known as soon as a page has come. A page that nobody waits for
/// any more, because the reader was dropped, is not fetched to its end.
struct ReadAhead<Cursor: Sendable, Page: Sendable> {
    struct Answer: Sendable {
        let page: Page
        /// Nil: this was the last page.
        let next: Cursor?
    }
    typealias Fetch = @Sendable (Cursor) async throws(EventStoreError) -> Answer

    private let fetch: Fetch
    private var cursor: Cursor?
    private var ahead: Ahead<Answer>?

    init(from cursor: Cursor, _ fetch: @escaping Fetch) {
        (self.cursor, self.fetch) = (cursor, fetch)
    }

    /// Whether the next page was asked for some time ago.
    var isAhead: Bool { ahead != nil }

    /// The next page, or nil after the last. A page that failed is fetched again by the next call.
    mutating func next() async throws(EventStoreError) -> Page? {
        guard let cursor else { return nil }
        let asked = ahead.take()
        let answer: Answer
        do throws(EventStoreError) {
            answer = if let asked { try await asked.answer } else { try await fetch(cursor) }
        } catch let error where asked != nil && error.isUnavailability && !Task.isCancelled {
            // What was asked for ahead may have failed long ago, and the database be back.
            answer = try await fetch(cursor)
        }
        self.cursor = answer.next
        if let next = answer.next { ahead = Ahead { [fetch] () throws(EventStoreError) in try await fetch(next) } }
        return answer.page
    }
}

/// A page under way; given up with its last reference.
private final class Ahead<Answer: Sendable>: Sendable {
    private let task: Task<Result<Answer, EventStoreError>, Never>

    init(_ fetch: @escaping @Sendable () async throws(EventStoreError) -> Answer) {
        task = Task {
            do throws(EventStoreError) { return .success(try await fetch()) } catch { return .failure(error) }
        }
    }

    deinit { task.cancel() }

    var answer: Answer {
        get async throws(EventStoreError) {
            try await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }.get()
        }
    }
}
