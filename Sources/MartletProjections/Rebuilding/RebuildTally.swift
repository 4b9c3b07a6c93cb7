import MartletDomain
import Synchronization

/// What a rebuild tells of its progress.
final class RebuildTally: Sendable {
    private struct State {
        var stage = RebuildProgress.Stage.filling
        var position = GlobalPosition.start
        var target = GlobalPosition.start
        var events = 0
        /// The build that was about to become live.
        var swapped: Int64?
    }

    private let state = Mutex(State())
    private let start = ContinuousClock.now
    private let tell: @Sendable (RebuildProgress) -> Void

    init(_ tell: @escaping @Sendable (RebuildProgress) -> Void) { self.tell = tell }

    var elapsed: Duration { .now - start }

    var events: Int { state.withLock(\.events) }

    /// Remembered in case that the swap's own answer is lost.
    var swapped: Int64? {
        get { state.withLock(\.swapped) }
        set { state.withLock { $0.swapped = newValue } }
    }

    func begin(_ stage: RebuildProgress.Stage, at position: GlobalPosition, target: GlobalPosition) {
        change { state in
            (state.stage, state.position) = (stage, position)
            state.target = max(position, target)
        }
    }

    func moved(to position: GlobalPosition, events: Int) {
        change { state in
            state.position = position
            state.target = max(position, state.target)
            state.events += events
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let elapsed = elapsed
        let progress = state.withLock { state in
            body(&state)
            return RebuildProgress(
                stage: state.stage, position: state.position, target: state.target, events: state.events,
                elapsed: elapsed)
        }
        tell(progress)
    }
}
