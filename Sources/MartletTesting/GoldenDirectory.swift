import FoundationEssentials
import MartletJSON

/// The golden files of one directory, by what their names say.
struct GoldenDirectory {
    /// `order.placed.v2`.
    struct Name: Hashable, Comparable, CustomStringConvertible {
        let type: String
        let version: Int

        var description: String { "\(type).v\(version)" }
        var payloadFile: String { "\(self).json" }
        var todayFile: String { "\(self).today.json" }

        static func < (left: Name, right: Name) -> Bool { (left.type, left.version) < (right.type, right.version) }
    }

    let path: String
    private(set) var payloads: Set<Name> = []
    /// Names of files that tell what an older payload reads as.
    private(set) var expectations: Set<Name> = []
    /// JSON files whose names say nothing.
    private(set) var strangers: [String] = []

    /// A directory that does not exist is as good as an empty one.
    init(path: String) throws {
        self.path = path
        guard FileManager.default.fileExists(atPath: path) else { return }
        for file in try FileManager.default.contentsOfDirectory(atPath: path).sorted() where file.hasSuffix(".json") {
            if let name = Name(file, suffix: ".today.json") {
                expectations.insert(name)
            } else if let name = Name(file, suffix: ".json") {
                payloads.insert(name)
            } else {
                strangers.append(file)
            }
        }
    }

    func read(_ file: String) throws -> JSONValue {
        do {
            return try JSONValue(parsing: Array(try Data(contentsOf: URL(filePath: path).appending(path: file))))
        } catch {
            throw GoldenEventsError(problems: ["\(file): \(error)"])
        }
    }

    func write(_ value: JSONValue, to file: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data((value.pretty() + "\n").utf8).write(to: URL(filePath: path).appending(path: file))
    }
}

extension GoldenDirectory.Name {
    fileprivate init?(_ file: String, suffix: String) {
        guard file.hasSuffix(suffix) else { return nil }
        let stem = file.dropLast(suffix.count)
        guard let dot = stem.lastIndex(of: "."), dot > stem.startIndex else { return nil }
        let version = stem[stem.index(after: dot)...]
        guard version.first == "v", let number = Int(version.dropFirst()), number > 0 else { return nil }
        self.init(type: String(stem[..<dot]), version: number)
    }
}
