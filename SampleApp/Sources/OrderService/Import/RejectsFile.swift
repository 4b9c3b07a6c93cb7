import Glibc

/// Collects rejected lines byte for byte; the file appears whole, when it is finished, and only if there are any.
struct RejectsFile: Sendable {
    let path: String
    private let partialPath: String
    private var descriptor: Int32?

    init(path: String) {
        self.path = path
        partialPath = path + ".partial"
    }

    /// - Throws: ``FileError``.
    mutating func write(_ bytes: [UInt8]) throws(FileError) {
        let descriptor = try opened()
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw FileError("cannot write", partialPath) }
            rest = rest.dropFirst(written)
        }
    }

    /// Puts the file in its place and returns its path; nil when nothing was rejected.
    /// - Throws: ``FileError``.
    mutating func finish() throws(FileError) -> String? {
        guard let descriptor else { return nil }
        defer { close(descriptor) }
        self.descriptor = nil
        guard fsync(descriptor) == 0, rename(partialPath, path) == 0 else { throw FileError("cannot write", path) }
        return path
    }

    private mutating func opened() throws(FileError) -> Int32 {
        if let descriptor { return descriptor }
        let new = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard new >= 0 else { throw FileError("cannot write", partialPath) }
        descriptor = new
        return new
    }
}
