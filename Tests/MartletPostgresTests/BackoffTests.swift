import MartletPostgres
import Testing

struct BackoffTests {
    /// As a consumer has it when nothing else is said.
    private let backoff = Backoff(base: .seconds(1), limit: .seconds(300))

    @Test(arguments: [
        (1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (8, 128), (9, 256), (10, 300), (40, 300), (.max, 300), (0, 1),
        (.min, 1),
    ])
    func `the wait doubles up to the limit, less a random part of up to a half`(failures: Int, seconds: Int) {
        var generator = SystemRandomNumberGenerator()
        let whole = Duration.seconds(seconds)
        let waits = (0..<500).flatMap { _ in
            [backoff.delay(after: failures), backoff.delay(after: failures, using: &generator)]
        }
        #expect(waits.allSatisfy { $0 >= whole / 2 && $0 <= whole })
        // That a thousand tries leave out a tenth of the range comes to pass once in 10^97 runs.
        #expect(waits.contains { $0 < whole * 0.6 } && waits.contains { $0 > whole * 0.9 })
        #expect(Set(waits).count > 900)
    }
}
