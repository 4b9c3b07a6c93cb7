import Foundation

/// A child process: what it writes, errors too, comes through one pipe.
struct Program {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let name: String

    /// The bench's own, for work that is shared by several processes.
    static let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path

    struct Failed: Error, CustomStringConvertible { let description: String }

    /// Starts the program; one without a slash in its name is looked for on `PATH`.
    init(_ arguments: [String]) throws {
        name = URL(fileURLWithPath: arguments.first ?? "").lastPathComponent
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try Self.withoutBlockedSignals { try process.run() }
    }

    /// Runs a program to its end and returns what it wrote.
    /// - Throws: ``Failed`` with what it wrote, when it ends with anything but success.
    @discardableResult
    static func run(_ arguments: [String]) throws -> String { try Program(arguments).finish() }

    func write(_ text: String) throws { try input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }

    /// Waits until the program has written something and returns it, empty at its end.
    func read() -> String { String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) }

    /// Waits for the program's end and returns the rest of what it wrote.
    func finish() throws -> String {
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(description: "\(name) failed: \(text)") }
        return text
    }

    /// Swift's threads block signals, a child inherits that, and pgbench needs SIGALRM to see that its time is up.
    private static func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }
}
