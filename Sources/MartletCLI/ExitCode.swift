/// How a process ends; an open set, of which Martlet's commands use these three.
public struct ExitCode: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// Everything that was asked for is done.
    public static let success = ExitCode(rawValue: 0)
    /// It was understood and could not be done, or not all of it.
    public static let failure = ExitCode(rawValue: 1)
    /// The command line was not understood; nothing was done.
    public static let usage = ExitCode(rawValue: 2)
}
