/// A PostgreSQL type by its object identifier; an open set. The numbers are those of `pg_type.dat` and never change.
public struct PostgresType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static let bool = PostgresType(rawValue: 16)
    public static let bytea = PostgresType(rawValue: 17)
    public static let name = PostgresType(rawValue: 19)
    public static let int8 = PostgresType(rawValue: 20)
    public static let int2 = PostgresType(rawValue: 21)
    public static let int4 = PostgresType(rawValue: 23)
    public static let text = PostgresType(rawValue: 25)
    public static let json = PostgresType(rawValue: 114)
    public static let float4 = PostgresType(rawValue: 700)
    public static let float8 = PostgresType(rawValue: 701)
    public static let unknown = PostgresType(rawValue: 705)
    public static let bpchar = PostgresType(rawValue: 1042)
    public static let varchar = PostgresType(rawValue: 1043)
    public static let date = PostgresType(rawValue: 1082)
    public static let timestamptz = PostgresType(rawValue: 1184)
    public static let numeric = PostgresType(rawValue: 1700)
    public static let uuid = PostgresType(rawValue: 2950)
    public static let jsonb = PostgresType(rawValue: 3802)

    /// The type of arrays of this one, where Martlet knows it.
    package var array: PostgresType? { Self.known[self]?.array.map { PostgresType(rawValue: $0) } }

    public var description: String { Self.known[self]?.name ?? Self.elementName(of: self) ?? "type \(rawValue)" }

    private static func elementName(of array: PostgresType) -> String? {
        known.values.first { $0.array == array.rawValue }.map { $0.name + "[]" }
    }

    private static let known: [PostgresType: (name: String, array: UInt32?)] = [
        .bool: ("bool", 1000), .bytea: ("bytea", 1001), .name: ("name", 1003), .int8: ("int8", 1016),
        .int2: ("int2", 1005), .int4: ("int4", 1007), .text: ("text", 1009), .json: ("json", 199),
        .float4: ("float4", 1021), .float8: ("float8", 1022), .unknown: ("unknown", nil), .bpchar: ("bpchar", 1014),
        .varchar: ("varchar", 1015), .date: ("date", 1182), .timestamptz: ("timestamptz", 1185),
        .numeric: ("numeric", 1231), .uuid: ("uuid", 2951), .jsonb: ("jsonb", 3807),
    ]
}
