/// The changes of a history, put in order: what becomes of each name, and what contradicts itself.
struct ChangesByName {
    private var upcasters: [String: [Upcaster]] = [:]
    private var newNames: [String: [String]] = [:]
    private var retired: Set<String> = []

    init(_ changes: [EventChange]) {
        for change in changes {
            switch change.kind {
            case .upcast(let upcaster): upcasters[change.name, default: []].append(upcaster)
            case .renamed(let newName): newNames[change.name, default: []].append(newName)
            case .retired: retired.insert(change.name)
            }
        }
        for name in upcasters.keys { upcasters[name]?.sort { $0.version < $1.version } }
    }

    /// Only for use when there are no flaws.
    var storedNames: [String: StoredName] {
        Dictionary(
            uniqueKeysWithValues: names.map { name in
                let line = line(of: name)
                let today = line.last.flatMap { retired.contains($0) ? nil : $0 }
                return (
                    name,
                    StoredName(
                        today: today, newestVersion: 1 + (upcasters[name]?.count ?? 0),
                        upcasters: line.flatMap { upcasters[$0] ?? [] })
                )
            })
    }

    var flaws: [String] { names.sorted().flatMap(flaws(of:)) }

    private var names: Set<String> { retired.union(upcasters.keys).union(newNames.keys) }

    /// The name and those it was given afterwards; ends at a name that occurs for the second time.
    private func line(of name: String) -> [String] {
        var line = [name]
        while let next = newNames[line[line.count - 1]]?.first {
            let isCircle = line.contains(next)
            line.append(next)
            if isCircle { break }
        }
        return line
    }

    private func flaws(of name: String) -> [String] {
        [flawOfVersions(name), flawOfNewNames(name), flawOfRetirement(name)].compactMap { problem in
            problem.map { "\"\(name)\": \($0)" }
        }
    }

    private func flawOfVersions(_ name: String) -> String? {
        let found = upcasters[name, default: []].map(\.version)
        guard found != Array(1..<found.count + 1) else { return nil }
        let expected = found.indices.map { String($0 + 1) }.joined(separator: ", ")
        return "expected upcasters from version \(expected), found \(found.map(String.init).joined(separator: ", "))"
    }

    private func flawOfNewNames(_ name: String) -> String? {
        let found = newNames[name, default: []]
        if found.count > 1 {
            return "expected one new name, found \(found.map { "\"\($0)\"" }.joined(separator: ", "))"
        }
        let line = line(of: name)
        guard line.firstIndex(of: line[line.count - 1]) != line.count - 1 else { return nil }
        return "expected a new name at the end of its renames, found a circle: \(line.joined(separator: ", "))"
    }

    private func flawOfRetirement(_ name: String) -> String? {
        guard retired.contains(name) else { return nil }
        if newNames[name] != nil { return "expected a retired name or a renamed one, found both" }
        return upcasters[name] == nil ? nil : "expected no upcasters of a retired name, for they never run, found some"
    }
}
