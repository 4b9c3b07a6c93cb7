import Foundation
import Martlet

/// A PostgreSQL of one test's own, for what cannot be done to a server that others use: to crash it.
struct PrivateCluster {
    let configuration: PostgresConfiguration
    private let folder: URL
    private let user: String

    struct Failed: Error, CustomStringConvertible { let description: String }

    static func with(_ body: (PrivateCluster) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("martlet-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        do {
            let cluster = try await PrivateCluster(in: folder)
            try await body(cluster)
            try await cluster.script("stop")
            try FileManager.default.removeItem(at: folder)
        } catch {
            _ = try? await run(["stop", folder.path])
            try? FileManager.default.removeItem(at: folder)
            throw error
        }
    }

    private init(in folder: URL) async throws {
        self.folder = folder
        let exports = try await Self.run(["start", folder.path])
        guard let user = exports.firstMatch(of: /PGUSER=(\w+)/) else {
            throw Failed(description: "expected PGUSER=… of the cluster script, found: \(exports)")
        }
        self.user = String(user.output.1)
        // The link in the folder stays the same over restarts, the directory that it leads to does not.
        configuration = try PostgresConfiguration(
            url: "host=\(folder.path)/socket port=5432 user=\(user.output.1) dbname=postgres")
    }

    /// What a program needs to find the server.
    var environment: [String: String] {
        ["PGHOST": "\(folder.path)/socket", "PGPORT": "5432", "PGUSER": user, "PGDATABASE": "postgres"]
    }

    /// Ends the server as a power cut would, every session in the middle of what it does.
    func crash() async throws { try await script("crash") }

    func start() async throws { try await script("start") }

    private func script(_ verb: String) async throws { try await Self.run([verb, folder.path]) }

    /// The other tests' sockets are not the server's business, and may be more than it can count.
    private static let withoutInheritedFiles = """
        for fd in /proc/self/fd/*; do fd=${fd##*/}; ((fd < 3)) || eval "exec $fd>&-"; done; exec "$@"
        """

    /// On a thread of its own: the few that Swift's tasks share belong to the other tests, whose transactions would time
    /// out meanwhile.
    @discardableResult
    private static func run(_ arguments: [String]) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try runBlocking(arguments) }) }
        }
    }

    /// By posix_spawn, because Foundation's `Process` counts a child as running while any daemon that it started does.
    private static func runBlocking(_ arguments: [String]) throws -> String {
        // The sample's tests use this file through a link.
        let script = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("../../Scripts/cluster").path
        let output = FileManager.default.temporaryDirectory.appendingPathComponent("martlet-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: output) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 1, output.path, O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Swift's threads block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let argv = (["bash", "-c", withoutInheritedFiles, "bash", script] + arguments).map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var (child, status): (pid_t, Int32) = (0, 0)
        guard posix_spawn(&child, "/bin/bash", &actions, &attributes, argv, environ) == 0 else {
            throw Failed(description: "could not start \(script)")
        }
        waitpid(child, &status, 0)
        let text = try String(contentsOf: output, encoding: .utf8)
        guard status == 0 else {
            throw Failed(description: "Scripts/cluster \(arguments.joined(separator: " ")) failed: \(text)")
        }
        return text
    }
}
