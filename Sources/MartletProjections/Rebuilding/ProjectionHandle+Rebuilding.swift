extension ProjectionHandle {
    /// Builds the projection's tables anew beside the live ones, which serve on and keep moving, and swaps the new ones
    /// in with their checkpoint in one transaction. The old ones are kept for ``rollBack()``.
    ///
    /// ```swift
    /// let report = try await shop.projection(OrderSummaries.self).rebuild { print($0.fraction) }
    /// ```
    /// Works on the build of this program's version, which may be of another shape than the live one. May be ended at
    /// any point, also by kill -9: the next call goes on from there. Takes three of the pool's connections and another
    /// one a partition.
    /// - Parameter progress: called some ten to a hundred times a second.
    /// - Throws: ``RebuildError``; ``ProjectionError/declaredOtherwise(projection:version:)``; `EventStoreError` or
    ///   `PostgresError` when the database stays away; `CancellationError`.
    @discardableResult
    public func rebuild(
        _ options: RebuildOptions = RebuildOptions(),
        progress: @escaping @Sendable (RebuildProgress) -> Void = { _ in }
    ) async throws -> RebuildReport {
        try await Self.rebuild(writer, surroundings, options, progress)
    }

    private static func rebuild(
        _ writer: some ReadModelWriter, _ surroundings: ProjectionSurroundings, _ options: RebuildOptions,
        _ progress: @escaping @Sendable (RebuildProgress) -> Void
    ) async throws -> RebuildReport {
        try await Rebuild(writer, surroundings, options, progress).run()
    }

    /// What ``rebuild(_:progress:)`` would do. The log's first events are tried on tables that are rolled back; not so
    /// for a projection by SQL of its own.
    /// - Throws: as ``rebuild(_:progress:)``.
    public func planRebuild(_ options: RebuildOptions = RebuildOptions()) async throws -> RebuildPlan {
        try await Self.plan(writer, surroundings, options)
    }

    private static func plan(
        _ writer: some ReadModelWriter, _ surroundings: ProjectionSurroundings, _ options: RebuildOptions
    ) async throws -> RebuildPlan {
        try await Rebuild(writer, surroundings, options).plan()
    }

    /// Makes the build live again that the last rebuild replaced, with its own checkpoint, from where a program of its
    /// version goes on. The one that was live is kept, so that a second roll-back is the way forward again.
    /// - Throws: ``RebuildError/noPrevious(projection:)``, ``RebuildError/tablesInUse(projection:tried:)``,
    ///   ``RebuildError/dependents(projection:_:)``, `PostgresError`.
    @discardableResult
    public func rollBack() async throws -> RollBackReport {
        try await BuildSwap(writer.declaration, surroundings).rollBack()
    }

    /// Drops what the last rebuild replaced, and returns its version; there is no way back then.
    /// - Throws: ``RebuildError/noPrevious(projection:)``, ``RebuildError/tablesInUse(projection:tried:)``,
    ///   ``RebuildError/dependents(projection:_:)``, `PostgresError`.
    @discardableResult
    public func dropPrevious() async throws -> Int {
        try await BuildSwap(writer.declaration, surroundings).dropPrevious()
    }
}
