extension SQLIdentifier {
    /// The name with an ending; the program's own, so one that grows too long is a broken promise.
    package func appending(_ ending: String) -> SQLIdentifier {
        do throws(Invalid) { return try SQLIdentifier(name + ending) } catch { preconditionFailure(error.description) }
    }
}
