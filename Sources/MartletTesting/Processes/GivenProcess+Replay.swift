#if canImport(Testing)
import Martlet
public import Testing

extension GivenProcess {
    /// Lets everything that has come in come in again, as it may in production, and expects that each of it leads to
    /// the same state and asks for the same: from nothing, up to every point; with the process started anew behind
    /// every point, which then finds what was stored; and with every answer, failure and due timer coming in twice.
    ///
    /// So a process is found out that asks a clock or a random number generator, keeps a state of its own beside its
    /// stored properties, or has one that does not come back from its JSON; as far as it shows in this story.
    public func checkReplay(sourceLocation: SourceLocation = #_sourceLocation) {
        let flaw = story.problem ?? ProcessReplay<P>(of: story.log.events).flaw
        if let flaw { record(flaw, at: sourceLocation) }
    }
}
#endif
