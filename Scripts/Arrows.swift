// Fails on every arrow between modules that the design does not allow: `Scripts/arrows` says how it is run.
//
// The rule: a module may depend on, and import, whatever is reachable through the arrows below, but a C library only by
// an arrow of its own, so that MartletPostgres stays the only user of libpq. A module that is not in the table fails,
// and so does any package dependency. Tests, and what lies among them, may import anything.

import Foundation

let allowedArrows: [String: Set<String>] = [
    "CLibPQ": [],
    "CMicroHTTPD": [],
    "CRdKafka": [],
    "MartletJSON": [],
    // For the JSON that upcasters change: a value type without I/O, like the rest of the domain's vocabulary.
    "MartletDomain": ["MartletJSON"],
    "MartletMigrations": [],
    "MartletPostgres": ["CLibPQ"],
    "MartletEventStore": ["MartletDomain", "MartletJSON", "MartletPostgres"],
    "MartletProjections": ["MartletEventStore"],
    "MartletProcesses": ["MartletProjections"],
    "MartletStreamingLog": ["MartletPostgres"],
    "MartletMessaging": ["MartletProjections", "MartletStreamingLog"],
    "MartletKafka": ["MartletStreamingLog", "CRdKafka"],
    "Martlet": ["MartletMessaging", "MartletMigrations", "MartletProcesses"],
    "MartletTesting": ["Martlet"],
    "MartletHTTP": ["Martlet", "CMicroHTTPD"],
    "MartletCLI": ["Martlet"],
]

/// Modules that do without the system: of what is not ours they import this and nothing else.
let pureModules: [String: Set<String>] = [
    "MartletDomain": ["FoundationEssentials"],
    // And the locks and per-thread storage that let a decoding use the last one's containers again.
    "MartletJSON": ["FoundationEssentials", "Synchronization", "Glibc", "Musl", "Darwin"],
]

/// What `swift package dump-package` prints, as far as arrows are concerned.
struct Manifest: Decodable {
    struct Target: Decodable {
        var name: String
        var type: String
        var path: String?
        var dependencies: [[String: [Dependency]]]

        var directory: String { path ?? "Sources/\(name)" }
        var dependencyNames: [String] { dependencies.flatMap(\.values).compactMap { $0.first?.name } }
    }

    /// An element of `["MartletJSON", {"traits": […]}]`: only the first is a name.
    struct Dependency: Decodable {
        var name: String?

        init(from decoder: any Decoder) throws {
            name = try? decoder.singleValueContainer().decode(String.self)
        }
    }

    struct Package: Decodable {}

    var dependencies: [Package]
    var targets: [Target]
}

let libraries: Set<String> = ["CLibPQ", "CMicroHTTPD", "CRdKafka"]

func allowed(to module: String) -> Set<String> {
    let own = allowedArrows[module] ?? []
    return reachable(from: own).subtracting(libraries).union(own)
}

func reachable(from modules: Set<String>) -> Set<String> {
    var found: Set<String> = []
    var waiting = modules
    while let next = waiting.popFirst() {
        guard found.insert(next).inserted else { continue }
        waiting.formUnion(allowedArrows[next] ?? [])
    }
    return found
}

func listed(_ modules: Set<String>) -> String {
    modules.isEmpty ? "none" : modules.sorted().joined(separator: ", ")
}

/// The modules that the file imports, with their line numbers.
func imports(in file: URL) throws -> [(line: Int, module: String)] {
    let attributes = /(?:@\w+(?:\([^)]*\))?\s+)*/
    let access = /(?:(?:public|package|internal|fileprivate|private)\s+)?/
    let kind = /(?:(?:struct|class|enum|protocol|typealias|func|var|let)\s+)?/
    let statement = /^\s*/
    let source = try String(contentsOf: file, encoding: .utf8)
    return source.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, text in
        guard text.contains("import") else { return nil }
        var rest = text
        for part in [statement, attributes, access] { rest.trimPrefix(part) }
        guard rest.hasPrefix("import") else { return nil }
        rest.trimPrefix(/import\s+/)
        rest.trimPrefix(kind)
        guard let module = rest.prefixMatch(of: /`?(\w+)/) else { return nil }
        return (index + 1, String(module.1))
    }
}

func swiftFiles(below directory: String) -> [URL] {
    let root = URL(filePath: directory, directoryHint: .isDirectory)
    let contents = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    let files = contents?.compactMap { $0 as? URL } ?? []
    return files.filter { $0.pathExtension == "swift" }.sorted { $0.path < $1.path }
}

func violations(ofTarget target: Manifest.Target) -> [String] {
    guard allowedArrows[target.name] != nil else {
        return ["\(target.name): a module without a place in Scripts/Arrows.swift"]
    }
    let allowed = allowed(to: target.name)
    return target.dependencyNames.filter { !allowed.contains($0) }.map {
        "\(target.name) -> \($0): not an allowed arrow (allowed: \(listed(allowed)))"
    }
}

func violations(inSourcesOf target: Manifest.Target, ours: Set<String>) throws -> [String] {
    let allowed = allowed(to: target.name)
    return try swiftFiles(below: target.directory).flatMap { file in
        try imports(in: file).compactMap { line, module in
            guard module != target.name, !allowed.contains(module) else { return nil }
            let place = "\(file.relativePath(to: target.directory)):\(line)"
            if ours.contains(module) || module.hasPrefix("Martlet") {
                return "\(place): \(target.name) imports \(module) (allowed: \(listed(allowed)))"
            }
            guard let outside = pureModules[target.name], !outside.contains(module) else { return nil }
            return "\(place): \(target.name) imports \(module) (allowed: \(listed(allowed.union(outside))))"
        }
    }
}

extension URL {
    func relativePath(to directory: String) -> String {
        guard let range = path.range(of: directory, options: .backwards) else { return path }
        return String(path[range.lowerBound...])
    }
}

let manifest = try JSONDecoder().decode(Manifest.self, from: FileHandle.standardInput.readToEnd() ?? Data())
let modules = manifest.targets.filter { $0.type != "test" && !$0.directory.hasPrefix("Tests/") }
let ours = Set(allowedArrows.keys).union(modules.map(\.name))

var found: [String] = []
if !manifest.dependencies.isEmpty {
    found.append("Package.swift: expected no package dependencies, found \(manifest.dependencies.count)")
}
for module in modules {
    found += violations(ofTarget: module)
    found += try violations(inSourcesOf: module, ours: ours)
}
for violation in found {
    print(violation)
}
guard found.isEmpty else { exit(1) }
print("\(modules.count) modules, every arrow allowed")
