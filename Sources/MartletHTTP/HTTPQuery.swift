#if HTTP
/// The decoded fields after the target's `?`, in the order in which they were sent.
public struct HTTPQuery: Hashable, Sendable {
    public let fields: [HTTPField]

    public init(_ fields: [HTTPField] = []) {
        self.fields = fields
    }

    /// The first value of exactly that name; a field without `=` has an empty one.
    public subscript(name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// All values of exactly that name.
    public func values(for name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }
}
#endif
