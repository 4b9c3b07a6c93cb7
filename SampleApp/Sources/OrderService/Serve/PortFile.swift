import Glibc

/// Tells a script on which port a service listens: the file appears whole, with the number and a newline.
enum PortFile {
    /// - Throws: ``FileError``.
    static func write(_ port: UInt16, to path: String) throws(FileError) {
        let partial = path + ".partial"
        guard let file = fopen(partial, "w") else { throw FileError("cannot write", partial) }
        let isWritten = fputs("\(port)\n", file) >= 0
        guard fclose(file) == 0, isWritten, rename(partial, path) == 0 else { throw FileError("cannot write", path) }
    }
}
