import Martlet

extension ProjectionsCommand {
    func discard(_ name: String, _ key: String, _ decision: Decision) async throws -> GivenUp {
        let handle = try handle(name)
        guard let parked = try await handle.parkedKeys().first(where: { $0.key == key }) else {
            throw ParkingError.nothingParked(projection: name, key: key)
        }
        guard decision.isSure else { throw UsageError("\(parked.consequence(decision)): add --yes to do so") }
        if decision.isOfAll {
            let count = try await handle.discardAll(key, reason: decision.reason, by: decision.actor)
            return GivenUp(kind: kind, name: name, key: key, position: nil, count: count, left: 0)
        }
        let position = try await handle.discard(key, reason: decision.reason, by: decision.actor)
        let left = try await handle.parkedKeys().first { $0.key == key }?.count ?? 0
        return GivenUp(kind: kind, name: name, key: key, position: position.rawValue, count: 1, left: left)
    }

    func skip(_ name: String, _ position: GlobalPosition, _ decision: Decision) async throws -> GivenUp {
        let handle = try handle(name)
        guard decision.isSure else {
            throw UsageError(
                "would skip the event at position \(position) in \"\(name)\" for ever: add --yes to do so")
        }
        try await handle.skip(position, reason: decision.reason, by: decision.actor)
        return GivenUp(kind: kind, name: name, key: nil, position: position.rawValue, count: 1, left: 0)
    }

    /// What will never be projected.
    struct GivenUp: Answer {
        let kind: Kind
        let name: String
        let key: String?
        let position: Int64?
        let count: Int
        /// How many events of the key are still parked.
        let left: Int

        private enum CodingKeys: String, CodingKey {
            case name, key, position, left
            case count = "discarded"
        }

        var lines: [String] {
            let place = position.map { " at position \(Int($0).grouped)" } ?? ""
            let whose = key.map { " of \"\($0)\"" } ?? ""
            let done = "discarded \(count.counted("event"))\(whose)\(place)"
            guard let key else { return [done, "to go on: \(kind.plural) resume \(name)"] }
            guard left > 0 else { return [done] }
            return [done, "\(left.counted("event")) behind it still parked: \(kind.plural) retry \(name) \(key)"]
        }
    }
}

extension ParkedKey {
    fileprivate func consequence(_ decision: ProjectionsCommand.Decision) -> String {
        if decision.isOfAll { return "would discard all \(count.counted("parked event")) of \"\(key)\" for ever" }
        let one = "would discard the event \"\(type)\" at position \(position) of \"\(key)\" for ever"
        return count == 1 ? one : one + ", and keep the \((count - 1).counted("event")) behind it parked"
    }
}
