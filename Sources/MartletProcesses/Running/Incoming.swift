import MartletDomain
import MartletEventStore

/// What a process manager finds in the log: events of aggregates, and what its own journal has.
package enum Incoming<P: ProcessManager>: EventInput {
    case event(CorrelatedInput<P.Input>)
    case journal(Recorded<Journal<P>>)

    package static var sources: [EventSource<Self>] {
        let events = P.Input.sources.compactMap { source in
            if case .events(let route) = source.kind { route.source.map(Self.event) } else { nil }
        }
        return events + [.events(Self.journal)]
    }

    /// The key of the instance that it is for; nil when it is for none.
    package var instance: String? {
        switch self {
        case .event(let event): event.instance
        case .journal(let recorded): recorded.stream.key
        }
    }

    /// What came in, in a few words; an event's are its type.
    func label(_ type: String) -> String {
        guard case .journal(let recorded) = self else { return type }
        return switch recorded.event {
        case .answered(let effect, _): "\(effect.step) answered"
        case .failed(let effect, _): "\(effect.step) failed"
        case .refused(let effect, _): "\(effect.step) refused"
        case .delivered(let effect): "\(effect.step) delivered"
        case .timerDue(let timer, _, _): "\(timer) due"
        case .retried(let effect, let actor): "\(effect.step) retried by \(actor)"
        case .skipped(let effect, _, let actor): "\(effect.step) skipped by \(actor)"
        case .compensationRequested(_, let actor): "compensation requested by \(actor)"
        }
    }
}
