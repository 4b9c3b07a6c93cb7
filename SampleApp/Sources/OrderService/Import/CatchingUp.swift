import Martlet

/// Waits for a read model as long as it moves.
struct CatchingUp<Destination: OrderDestination>: Sendable {
    let destination: Destination
    /// How long it may stand still, or not answer.
    var patience: Duration = .seconds(30)

    /// - Throws: ``Stalled``; `CancellationError`.
    func wait(for target: GlobalPosition) async throws {
        var best = GlobalPosition(rawValue: -1)
        var lastMove = ContinuousClock.now
        var problem = ""
        while true {
            do throws(DeliveryError) {
                let position = try await destination.readModelPosition()
                if position >= target { return }
                problem = "it stands at position \(position)"
                if position > best { (best, lastMove) = (position, .now) }
            } catch .away(let reason) {
                problem = reason
            } catch { throw Stalled(target: target, problem: "\(error)") }
            guard ContinuousClock.now - lastMove < patience else { throw Stalled(target: target, problem: problem) }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    struct Stalled: Error, CustomStringConvertible {
        let target: GlobalPosition
        let problem: String

        var description: String { "the read model does not reach position \(target): \(problem)" }
    }
}
