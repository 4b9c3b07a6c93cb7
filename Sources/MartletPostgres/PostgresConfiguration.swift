import CLibPQ
import Glibc

/// Where the database is and as whom to reach it; a password in it appears in no description.
public struct PostgresConfiguration: Sendable {
    /// libpq's connection keywords; what is missing, libpq takes from the `PG*` environment variables, the password
    /// file and its own defaults, in this order.
    private var parameters: [String: String]

    /// Everything from the environment: `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGDATABASE`, `PGSSLMODE`, …
    public static let environment = PostgresConfiguration(parameters: [:])

    /// Reads a URL such as `postgres://user:password@host:5432/database?sslmode=verify-full`, or libpq's
    /// `key=value` form.
    /// - Throws: ``InvalidURL``, which does not repeat the text, since a password may be in it.
    public init(url: String) throws {
        guard !url.utf8.contains(0), let options = PQconninfoParse(url, nil) else { throw InvalidURL() }
        defer { PQconninfoFree(options) }
        var parameters: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { parameters[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        self.init(parameters: parameters)
    }

    private init(parameters: [String: String]) {
        self.parameters = parameters
    }

    /// The same server and user with another database.
    public func database(_ name: String) -> PostgresConfiguration {
        var copy = self
        copy.parameters["dbname"] = name
        return copy
    }

    public struct InvalidURL: Error, CustomStringConvertible {
        public var description: String {
            "expected a database URL such as \"postgres://user@host:5432/database\", found something else"
                + " (not shown: it may hold a password)"
        }
    }

    /// What libpq is given: the settings that Martlet relies on beneath those of the user.
    var connectionParameters: [(keyword: String, value: String)] {
        var merged = Self.linkSettings.merging(parameters) { _, given in given }
        if parameters["connect_timeout"] == nil, let seconds = environmentVariable("PGCONNECT_TIMEOUT") {
            merged["connect_timeout"] = seconds
        }
        merged["client_encoding"] = "UTF8"
        let options = [Self.sessionSettings, parameters["options"] ?? environmentVariable("PGOPTIONS")]
        merged["options"] = options.compactMap(\.self).joined(separator: " ")
        return merged.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// A dead peer is noticed within seconds instead of the kernel's two hours.
    private static let linkSettings = [
        "connect_timeout": "5", "fallback_application_name": "martlet",
        "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "5000",
    ]

    /// What the store promises must not hang on a database's or a role's own defaults. A mis-costed plan makes the just-in-time compiler cost 500 ms a batch; the time-outs keep a frozen client from
    /// holding a lock that others wait for.
    private static let sessionSettings =
        "-c synchronous_commit=on -c default_transaction_isolation=read\\ committed -c jit=off -c lock_timeout=2000"
        + " -c idle_in_transaction_session_timeout=2000 -c client_min_messages=warning"
        + " -c timezone=UTC"
}

extension PostgresConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        let shown = ["host", "port", "user", "dbname"].compactMap { key in parameters[key].map { "\(key)=\($0)" } }
        return shown.isEmpty ? "PostgreSQL by environment" : "PostgreSQL at " + shown.joined(separator: " ")
    }

    public var debugDescription: String { description }

    public var customMirror: Mirror { Mirror(self, children: []) }
}

private func environmentVariable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}
