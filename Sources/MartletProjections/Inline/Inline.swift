import MartletEventStore

/// Makes a projection inline: what an append leads to is committed with it, so that whoever reads after a command sees
/// its effect, and what the projection or a constraint of its tables refuses is not appended.
///
/// ```swift
/// let shop = Application(postgres: .environment) {
///     Inline(UniqueEmails())
///     OrderSummaries()
/// }
/// ```
/// Every append of the application then waits for it, those of other events too: keep it small, and let everything else
/// follow the log. It must not append events itself. Its ``ReadModel/onFailure`` is not asked: it never parks.
/// - Note: Every program that appends to the log has to have it; see the module's page.
public struct Inline: Sendable {
    let writer: @Sendable (EventStore) -> any ReadModelWriter

    /// - Precondition: the projection has one partition.
    public init<P: Projection>(_ projection: P) {
        Self.requireOnePartition(P.self)
        writer = { store in
            var writer = StatementWriter(projection, store: store)
            writer.declaration.onFailure = Self.onFailure
            return writer
        }
    }

    /// - Precondition: the projection has one partition.
    public init<P: TableProjection>(_ projection: P) {
        Self.requireOnePartition(P.self)
        writer = { _ in
            var writer = TableWriter(projection)
            writer.declaration.onFailure = Self.onFailure
            return writer
        }
    }

    /// While it is caught up: with a key parked, appends would have to go on without it.
    private static var onFailure: FailurePolicy { .stop() }

    private static func requireOnePartition<Model: ReadModel>(_: Model.Type) {
        precondition(
            Model.partitions == 1,
            "inline projection \"\(Model.name)\": expected 1 partition, found \(Model.partitions)")
    }
}

extension ProjectionHandle {
    /// A projection that commits with the appends.
    package init(_ inline: Inline, in surroundings: ProjectionSurroundings) {
        self.init(inline.writer(surroundings.store), in: surroundings, isInline: true)
    }
}
