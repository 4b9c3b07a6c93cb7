import Martlet
import MartletEventStore

/// The inputs of a story, which come in once more in various ways.
struct ProcessReplay<P: ProcessManager> {
    /// How the inputs come in.
    enum Course: CustomStringConvertible {
        case once
        case upTo(Int)
        /// The process ends behind this input, and another goes on.
        case restarted(after: Int)
        /// This input comes in twice.
        case repeated(Int)

        var description: String {
            switch self {
            case .once: "all inputs, one after the other"
            case .upTo(let count): "inputs 1 to \(count), from nothing"
            case .restarted(let count): "with the process started anew after input \(count)"
            case .repeated(let number): "with input \(number) coming in twice"
            }
        }
    }

    private let events: [StoredEvent]

    init(of events: [StoredEvent]) { self.events = events }

    /// What is not as it should be; nil when all is.
    var flaw: String? {
        do {
            let first = try steps(.once)
            let kept = try steps(.once, by: Reactor(KeptProcess<P>.self))
            for (number, pair) in zip(first, kept).enumerated() {
                if let loss = pair.1.loss { return "\(P.self), input \(number + 1), \(loss)" }
            }
            for course in courses {
                if let difference = difference(first, try steps(course), course) { return difference }
            }
            return nil
        } catch {
            return "\(P.self): \(error)"
        }
    }

    private var courses: [Course] {
        let numbers = Array(1..<(events.count + 1))
        let repeatable = numbers.filter { events[$0 - 1].isRepeatable(in: P.name) }
        return numbers.map(Course.upTo) + numbers.map(Course.restarted) + repeatable.map(Course.repeated)
    }

    private func steps(_ course: Course, by reactor: Reactor<P.Input> = Reactor(P.self)) throws -> [ReplayStep<P>] {
        var run = InstanceRun<P>(by: reactor)
        var steps: [ReplayStep<P>] = []
        for (index, event) in events.enumerated() {
            if case .upTo(let count) = course, index >= count { break }
            steps.append(ReplayStep(event, &run))
            if case .restarted(let count) = course, index + 1 == count { try run.restart() }
            guard case .repeated(index + 1) = course else { continue }
            let again = ReplayStep(event, &run)
            if let change = again.change(since: steps[index]) { steps[index].problem = change }
        }
        return steps
    }

    private func difference(_ own: [ReplayStep<P>], _ others: [ReplayStep<P>], _ course: Course) -> String? {
        for (index, (step, other)) in zip(own, others).enumerated() {
            guard let (expected, found) = step.difference(from: other) else { continue }
            return """
                \(P.self): expected the same of input \(index + 1) (\(events[index].type)) however it comes in, found:
                \(Course.once):
                  \(expected)
                \(course):
                  \(found)
                """
        }
        return nil
    }
}

extension StoredEvent {
    /// Whether the instance's journal would have it once only because nothing is done on what is not waited for.
    fileprivate func isRepeatable(in process: String) -> Bool {
        stream.category == process && ["answered", "failed", "delivered", "timerDue"].contains { type.hasSuffix($0) }
    }
}
