import Glibc

/// Standard output or standard error, written without a buffer, so that lines of both stand in the order of time.
public struct StandardStream: Hashable, Sendable {
    public static let output = StandardStream(descriptor: STDOUT_FILENO)
    public static let error = StandardStream(descriptor: STDERR_FILENO)

    private let descriptor: Int32

    /// Whether a person is looking at it.
    public var isTerminal: Bool { isatty(descriptor) == 1 }

    /// The terminal's columns; 80 when it does not say.
    public var width: Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Writes the text whole; nothing more once the reader is gone or the disk is full.
    public func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while let start = rest.baseAddress, !rest.isEmpty {
                let written = Glibc.write(descriptor, start, rest.count)
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
            }
        }
    }

    public func writeLine(_ text: String) {
        write(text + "\n")
    }
}
