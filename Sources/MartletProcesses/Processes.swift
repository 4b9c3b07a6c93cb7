import MartletEventStore
import MartletPostgres
package import MartletProjections

/// A process manager as a part of an application, with the providers that it calls.
///
/// ```swift
/// let shop = Application(postgres: .environment) {
///     OrderSummaries()
///     Processes(OrderFulfilment.self, calling: payments, shipping)
/// }
/// ```
public struct Processes: Sendable {
    package let name: String
    package let wire: @Sendable (ProjectionSurroundings, TimeSource) -> ProcessHandle

    /// - Precondition: the providers are those whose answers the process takes, each once.
    public init<P: ProcessManager, each Provider: ActivityProvider>(
        _: P.Type, calling provider: repeat each Provider
    ) {
        var gates: [String: ProviderGate] = [:]
        for gate in repeat ProviderGate(each provider) {
            precondition(
                gates.updateValue(gate, forKey: gate.name) == nil,
                "process \"\(P.name)\": expected each provider once, found \"\(gate.name)\" twice")
        }
        let wanted = Set(Reactor(P.self).providers.keys)
        precondition(
            wanted == Set(gates.keys),
            "process \"\(P.name)\": expected the providers \(wanted.sorted()), found \(gates.keys.sorted())")
        precondition(
            !P.name.isEmpty && !P.name.utf8.contains { [0, UInt8(ascii: "-"), UInt8(ascii: "/")].contains($0) },
            "expected a process's name without a hyphen or a slash, found \"\(P.name)\"")
        name = P.name
        wire = { [gates] projections, time in
            let surroundings = ProcessSurroundings<P>(
                store: projections.store, pool: projections.pool, schema: projections.schema, gates: gates,
                time: time, incidents: projections.incidents)
            time.whenMoved { [bells = surroundings.bells] in await bells.wakeAll() }
            return ProcessHandle(surroundings, in: projections)
        }
    }
}
