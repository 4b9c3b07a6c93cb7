import Foundation
import Martlet

/// What the server and this process have spent since the beginning, as far as each tells.
struct ServerCounters: Sendable {
    var commits = 0
    var walBytes = 0
    /// Seconds of the processor's time.
    var serverTime = 0.0
    var clientTime = 0.0
    /// By their texts; empty where the server does not count them.
    var statements: [String: StatementCost] = [:]

    struct StatementCost: Sendable {
        var calls = 0
        /// Planning included.
        var milliseconds = 0.0
        var planning = 0.0
        var walBytes = 0
    }

    /// Has the database count the statements of sessions that begin from now on; false where the server was started
    /// without what counts them.
    static func countStatements(of application: Application) async throws -> Bool {
        let pool = application.pool
        let isLoaded = try await pool.query(
            "SELECT current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%'")[0].decode(Bool.self)
        guard isLoaded else { return false }
        try await pool.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        let database = try SQLIdentifier(try await pool.query("SELECT current_database()")[0].decode(String.self))
        try await pool.execute("ALTER DATABASE \(database) SET pg_stat_statements.track = 'top'")
        try await pool.execute("ALTER DATABASE \(database) SET compute_query_id = 'on'")
        return true
    }

    static func now(of application: Application, countsStatements: Bool) async throws -> ServerCounters {
        let pool = application.pool
        var counters = ServerCounters()
        let row = try await pool.query(
            """
            SELECT d.xact_commit, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint,
                split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::bigint
            FROM pg_stat_database d WHERE d.datname = current_database()
            """)[0]
        let postmaster: Int
        (counters.commits, counters.walBytes, postmaster) = try row.decode(Int.self, Int.self, Int.self)
        counters.serverTime = ProcessorTime.family(of: postmaster)
        counters.clientTime = ProcessorTime.own
        guard countsStatements else { return counters }
        let rows = try await pool.query(
            """
            SELECT s.query, sum(s.calls)::bigint, sum(s.total_exec_time + s.total_plan_time), sum(s.total_plan_time),
                sum(s.wal_bytes)::bigint
            FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
            WHERE d.datname = current_database() GROUP BY s.query
            """)
        for row in rows {
            let (text, calls, time, planning, wal) = try row.decode(
                String.self, Int.self, Double.self, Double.self, Int.self)
            counters.statements[text] = StatementCost(
                calls: calls, milliseconds: time, planning: planning, walBytes: wal)
        }
        return counters
    }

    /// What was spent since then.
    func since(_ earlier: ServerCounters) -> ServerCounters {
        var difference = self
        difference.commits -= earlier.commits
        difference.walBytes -= earlier.walBytes
        difference.serverTime -= earlier.serverTime
        difference.clientTime -= earlier.clientTime
        for (text, cost) in earlier.statements {
            difference.statements[text]?.calls -= cost.calls
            difference.statements[text]?.milliseconds -= cost.milliseconds
            difference.statements[text]?.planning -= cost.planning
            difference.statements[text]?.walBytes -= cost.walBytes
        }
        return difference
    }

    /// Statements that clients have sent, those that begin and end transactions included.
    var calls: Int { statements.values.map(\.calls).reduce(0, +) }
}

/// What Linux says of processes' times.
enum ProcessorTime {
    static var own: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_utime.seconds + usage.ru_stime.seconds
    }

    /// Of a process and its children, those that have ended included.
    static func family(of parent: Int) -> Double {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let fields = processes.compactMap(Int.init).compactMap { statistics(of: $0, childOf: parent) }
        return fields.reduce(0, +) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// In ticks: its own, and of the parent also that of its ended children.
    private static func statistics(of process: Int, childOf parent: Int) -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let rest = text.split(separator: ")").last
        else { return nil }
        // The name, which may have blanks, is the second field; these begin with the third.
        let fields = rest.split(separator: " ")
        guard fields.count > 14, process == parent || Int(fields[1]) == parent else { return nil }
        return (process == parent ? fields[11...14] : fields[11...12]).compactMap { Double($0) }.reduce(0, +)
    }
}

extension timeval {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1_000_000 }
}
