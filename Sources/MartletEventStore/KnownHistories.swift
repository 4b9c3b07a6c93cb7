import MartletDomain
import MartletJSON
import Synchronization

/// The histories of event types, each looked over once, when the first event of its type passes through a codec.
final class KnownHistories: Sendable {
    private let known = Mutex<[ObjectIdentifier: Result<EventHistory, EventHistoryProblem>]>([:])

    /// - Throws: when the declaration contradicts itself or names a case that does not exist.
    func history<Event: EventPayload>(of type: Event.Type) throws(EventHistoryProblem) -> EventHistory {
        let declared = type.history
        guard !declared.isEmpty else { return declared }
        if let found = known.withLock({ $0[ObjectIdentifier(type)] }) { return try found.get() }
        let checked = Self.checked(declared, of: type)
        known.withLock { $0[ObjectIdentifier(type)] = checked }
        return try checked.get()
    }

    private static func checked<Event: EventPayload>(
        _ history: EventHistory, of type: Event.Type
    ) -> Result<EventHistory, EventHistoryProblem> {
        let unknown = history.flaws.isEmpty ? history.namesToday.filter { !type.hasCase($0) } : []
        let flaws =
            history.flaws + unknown.sorted().map { "\"\($0)\": expected the name of a case of today, found none" }
        return flaws.isEmpty ? .success(history) : .failure(.flawed(type: String(reflecting: type), flaws))
    }
}

extension EventPayload {
    /// Asks the type itself: no case but an unknown one is refused before its payload is looked at.
    fileprivate static func hasCase(_ name: String) -> Bool {
        do {
            _ = try PayloadDecoder().decodeCase(Self.self, name: name, payload: Array("{}".utf8))
            return true
        } catch PayloadError.unknownCase {
            return false
        } catch {
            return true
        }
    }
}

/// Why an event cannot pass between its stored form and today's.
enum EventHistoryProblem: Error, Equatable {
    case flawed(type: String, [String])
    case noCaseOfToday(String)
    case unknownVersion(Int, newest: Int)
    case upcasterFailed(of: String, from: Int, problem: String)
    case unreadableAfterUpcasting(from: Int, as: String, problem: String)
}

extension EventHistoryProblem: CustomStringConvertible {
    var description: String {
        switch self {
        case .flawed(let type, let flaws):
            "the history of \"\(type)\" contradicts itself: \(flaws.joined(separator: "; "))"
        case .noCaseOfToday(let name):
            "expected an event that is written today, found \"\(name)\", which its history calls renamed or retired"
        case .unknownVersion(let found, let newest):
            found > newest
                ? "written by a newer version: expected at most \(newest), found \(found)"
                : "expected a version from 1, found \(found)"
        case .upcasterFailed(let name, let version, let problem):
            "the upcaster of \"\(name)\" from version \(version): \(problem)"
        case .unreadableAfterUpcasting(let version, let name, let problem):
            "upcast from version \(version), it is no \"\(name)\" of today: \(problem)"
        }
    }
}
