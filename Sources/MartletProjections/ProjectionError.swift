/// Why a projection cannot do what was asked of it.
public enum ProjectionError: Error, Hashable, Sendable {
    /// The application has no projection of this name.
    case unknown(String)
    /// Its tables are not declared as they were when this version was built: its version has to be raised, and the
    /// projection rebuilt.
    case declaredOtherwise(projection: String, version: Int)
}

extension ProjectionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknown(let name): "expected the name of a projection, found \"\(name)\""
        case .declaredOtherwise(let name, let version):
            "projection \"\(name)\": its tables are declared otherwise than those of version \(version) that are there;"
                + " raise its version and rebuild it"
        }
    }
}
