/// A group of measures that can be run by itself: `ONLY=read`.
enum Part: String, CaseIterable {
    case append, read, codec, execute, project, process, log, rivals, size

    /// What runs unless asked for one part; the size part fills millions of events, so it is asked for.
    static let usual = allCases.filter { $0 != .size }

    func run(_ settings: Settings) async throws {
        switch self {
        case .append: try await AppendBench(settings).run()
        case .read: try await ReadBench(settings).run()
        case .codec: try await CodecBench(settings).run()
        case .execute: try await ExecuteBench(settings).run()
        case .project: try await ProjectBench(settings).run()
        case .process: try await ProcessBench(settings).run()
        case .log: try await LogBench(settings).run()
        case .rivals: try await RivalsBench(settings).run()
        case .size: try await SizeBench(settings).run()
        }
    }
}
