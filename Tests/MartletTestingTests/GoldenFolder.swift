import Foundation

/// A directory of golden files for one test, gone when `body` returns.
struct GoldenFolder {
    let path: String

    static func with(_ files: [String: String] = [:], _ body: (GoldenFolder) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("golden-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
        try body(GoldenFolder(path: folder.path))
    }

    var files: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }

    func text(_ file: String) throws -> String { try String(contentsOfFile: path + "/" + file, encoding: .utf8) }
}
