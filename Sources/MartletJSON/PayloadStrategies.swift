/// How a `Date` stands in a payload.
public enum PayloadDateStrategy: Sendable, Equatable {
    /// `"2026-11-21T04:34:31.250000Z"`: ISO 8601 in UTC with six decimals, rounded to the nearest microsecond.
    ///
    /// A date of whole microseconds comes back within the last bit of its `Double`. Years 0001 to 9999 only. Read are
    /// one to nine decimals or none, and `Z` or an offset such as `+02:00`.
    case iso8601

    /// Seconds since 1970 as a JSON number, as exact as the `Double` they are.
    case secondsSince1970

    /// Milliseconds since 1970 as a JSON number, fractions included.
    case millisecondsSince1970
}

/// How a `Data` stands in a payload.
public enum PayloadDataStrategy: Sendable, Equatable {
    /// A string in padded base64 (RFC 4648, section 4).
    case base64

    /// An array of numbers from 0 to 255.
    case numbers
}
