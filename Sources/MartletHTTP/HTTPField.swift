#if HTTP
/// One name with its value, of the headers or of the query.
public struct HTTPField: Hashable, Sendable {
    public let name: String
    public let value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
#endif
