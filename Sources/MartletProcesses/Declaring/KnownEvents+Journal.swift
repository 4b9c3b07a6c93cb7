public import MartletEventStore

extension KnownEvents {
    /// All events of the journals of a process manager's instances: what came back to them from the outside.
    public static func journal<P: ProcessManager>(of _: P.Type) -> KnownEvents { .aggregate(Journal<P>.self) }
}
