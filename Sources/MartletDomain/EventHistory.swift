/// How events that were stored in older shapes read today, so that all other code knows today's enum only.
///
/// ```swift
/// enum Event: EventPayload {
///     case placed(customer: String, lines: [Line])
///
///     static let history: EventHistory = [
///         .upcast("placed", from: 1) { event in event.rename("client", to: "customer") },
///         .upcast("placed", from: 2) { event in event["lines"] = [["sku": event.remove("sku") ?? .null]] },
///         .renamed("ordered", to: "placed"),
///         .retired("noticed"),
///     ]
/// }
/// ```
/// A type's current version is 1 and one more for each of its upcasters. An upcaster stays for as long as events of its
/// version are stored, and never changes: what it leads to is what the next upcaster starts from. Only events of older
/// versions go through JSON; those of the current one are decoded as if there were no history.
public struct EventHistory: Sendable {
    /// All events that are stored are in today's shape.
    public static let none = EventHistory([])

    /// Nil when nothing has ever changed.
    private let contents: Contents?

    /// A declaration that contradicts itself traps nowhere: no event can be encoded or decoded by it, and the error
    /// says why.
    public init(_ changes: [EventChange]) {
        contents = changes.isEmpty ? nil : Contents(ChangesByName(changes))
    }

    private final class Contents: Sendable {
        let names: [String: StoredName]
        let flaws: [String]

        init(_ changes: ChangesByName) {
            names = changes.storedNames
            flaws = changes.flaws
        }
    }
}

extension EventHistory: ExpressibleByArrayLiteral {
    public init(arrayLiteral changes: EventChange...) { self.init(changes) }
}

extension EventHistory {
    package var isEmpty: Bool { contents == nil }

    /// What contradicts itself in the declaration, worded for a person.
    package var flaws: [String] { contents?.flaws ?? [] }

    /// The names that the declaration takes for cases of today.
    package var namesToday: Set<String> { Set(contents?.names.values.compactMap(\.today) ?? []) }

    /// The names under which older events were stored and that are no cases today, or that have older versions.
    package var storedNames: [String: StoredName] { contents?.names ?? [:] }

    /// How events read that are stored under this name.
    package subscript(name: String) -> StoredName {
        contents?.names[name] ?? StoredName(today: name, newestVersion: 1, upcasters: [])
    }
}

/// How events read that are stored under one name.
package struct StoredName: Sendable {
    /// The name of today's case; nil when the event is retired.
    package let today: String?
    /// The newest version that this build knows of it.
    package let newestVersion: Int
    /// What turns version 1 into today's shape, also across a change of name; the first of them starts from version 1.
    package let upcasters: [Upcaster]
}
