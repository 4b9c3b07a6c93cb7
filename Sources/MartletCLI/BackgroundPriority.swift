#if canImport(Glibc)
import FoundationEssentials
import Glibc

/// Leaves the processors to whoever wants them more, as `nice` does.
enum BackgroundPriority {
    /// Of ordinary processes it is 0, of the least important 19.
    private static let niceness: Int32 = 10

    /// For all threads of this process, and those that they begin: Linux keeps it a thread.
    static func take() {
        let threads: [String]
        do { threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task") } catch { return }
        let kind = __priority_which_t(PRIO_PROCESS.rawValue)
        for thread in threads.compactMap({ id_t($0) }) { setpriority(kind, thread, niceness) }
    }
}
#else
/// Only Linux is served.
enum BackgroundPriority {
    static func take() {}
}
#endif
