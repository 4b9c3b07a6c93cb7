import Foundation

/// A Python environment in a folder that its user takes away; nothing of it touches the machine's own Python.
struct PythonEnvironment {
    private let folder: URL

    /// - Throws: ``Program/Failed`` when there is no Python 3 with its venv module.
    init(in folder: URL) throws {
        self.folder = folder.appendingPathComponent("venv")
        try Program.run(["python3", "-m", "venv", self.folder.path])
    }

    func install(_ packages: [String]) throws {
        let options = ["--quiet", "--disable-pip-version-check", "--no-input"]
        try Program.run([program("pip"), "install"] + options + packages)
    }

    func run(_ script: String, _ arguments: [String]) throws -> String {
        try Program.run([program("python"), "-B", script] + arguments)
    }

    private func program(_ name: String) -> String { folder.appendingPathComponent("bin/\(name)").path }
}
