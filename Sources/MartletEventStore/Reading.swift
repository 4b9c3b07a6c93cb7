public import FoundationEssentials
public import MartletDomain

/// Which way a stream or the log is read.
public enum ReadDirection: Sendable {
    case forwards
    /// The latest first.
    case backwards
}

/// A moment in the past, as a version of the stream, a position of the log, or a time by the database's clock.
public enum AsOf: Hashable, Sendable {
    case version(StreamVersion)
    case position(GlobalPosition)
    case date(Date)
}

/// Which events of the log to read; judged in the database.
public enum LogFilter: Hashable, Sendable {
    case all
    /// Events of streams of these categories, such as `order`.
    case categories(Set<String>)
    /// Events of these types, such as `order.placed`.
    case types(Set<String>)
    /// Events whose metadata has this ``MartletDomain/Metadata/correlationID``: all that one request led to. A scan of
    /// the log, unless you make an index; see the module's page.
    case correlation(String)
}
