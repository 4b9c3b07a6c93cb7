import FoundationEssentials
import Martlet
import MartletEventStore
import MartletJSON

/// What one input has come to.
struct ReplayStep<P: ProcessManager> {
    /// Nil where the input is for no instance, and where it fails.
    private let reaction: Reaction?
    private let instance: Instance?
    /// What went wrong by itself; nil when nothing did.
    var problem: String?
    /// What does not come back from the stored state.
    private(set) var loss: KeptProcess<P>.Loss?

    init(_ event: StoredEvent, _ run: inout InstanceRun<P>) {
        do { reaction = try run.take(event) } catch {
            reaction = nil
            problem = "\(error)"
            loss = error as? KeptProcess<P>.Loss
        }
        instance = run.instance
    }

    private var asked: [Effect] { reaction?.effects ?? [] }

    /// What differs, here and there; nil when nothing does.
    func difference(from other: ReplayStep) -> (String, String)? {
        guard problem == other.problem else { return (problem ?? "no error", other.problem ?? "no error") }
        guard asked == other.asked else {
            let place = zip(asked, other.asked).prefix { $0 == $1 }.count
            func effect(_ effects: [Effect]) -> String {
                place < effects.count ? effects[place].description : "no effect"
            }
            return (effect(asked), effect(other.asked))
        }
        guard let own = instance, let others = other.instance else {
            return instance == other.instance ? nil : (instance.told, other.instance.told)
        }
        guard reaction == other.reaction, own.status == others.status, own.phase == others.phase,
            own.book == others.book
        else {
            return (own.told, others.told)
        }
        return hasSameState(own, others) ? nil : (own.told, others.told)
    }

    /// The JSON of sets is not always the same.
    private func hasSameState(_ own: Instance, _ other: Instance) -> Bool {
        guard own.state != other.state else { return true }
        do {
            let decoder = PayloadDecoder()
            return areAlike(
                try decoder.decode(P.self, from: own.state), try decoder.decode(P.self, from: other.state))
        } catch {
            return false
        }
    }

    /// What it has changed that came in before; nil when it has changed nothing.
    func change(since before: ReplayStep) -> String? {
        if let problem { return problem }
        if let effect = asked.first { return "the second time: \(effect)" }
        return instance == before.instance ? nil : "the second time: \(instance.told)"
    }
}

extension Instance {
    /// As its row would have it.
    func stored() throws -> Instance {
        var back = self
        back.book = try PayloadDecoder().decode(Book.self, from: try PayloadEncoder().encode(book))
        return back
    }
}

extension Instance? {
    fileprivate var told: String { map(\.told) ?? "no instance" }
}

extension Instance {
    fileprivate var told: String {
        "\(status.told), in phase \"\(phase)\", with state \(String(decoding: state, as: UTF8.self))"
    }
}
