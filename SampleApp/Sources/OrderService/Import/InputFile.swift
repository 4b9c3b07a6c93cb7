import Dispatch
import Glibc

/// A file, or standard input, read piece by piece on a thread of its own, so that a slow pipe blocks nobody else.
struct InputFile: Sendable {
    /// In bytes; nil for a pipe, whose end is not known.
    let size: Int?
    private let name: String
    private let descriptor: Int32
    private let queue = DispatchQueue(label: "order-service.import")

    /// - Parameter path: `-` is standard input.
    init(path: String) throws(FileError) {
        name = path == "-" ? "standard input" : path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("cannot open", name) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError("cannot read", name) }
        size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    /// The next bytes, up to 256 KiB; none at the end.
    func read() async throws -> [UInt8] {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try blockingRead() }) }
        }
    }

    func close() {
        if descriptor != STDIN_FILENO { Glibc.close(descriptor) }
    }

    private func blockingRead() throws(FileError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 262_144) { buffer, count in
            var length = -1
            repeat {
                length = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            } while length < 0 && errno == EINTR
            failure = length < 0 ? errno : 0
            count = max(0, length)
        }
        guard failure == 0 else { throw FileError("cannot read", name, errno: failure) }
        return bytes
    }
}

/// A file that the system does not let us read or write.
struct FileError: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ problem: String, _ path: String, errno code: Int32 = errno) {
        description = "\(problem) \"\(path)\": \(String(cString: strerror(code)))"
    }
}
