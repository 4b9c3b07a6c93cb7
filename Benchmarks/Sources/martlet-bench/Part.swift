/// A group of measures that can be run by itself: `ONLY=read`.
enum Part: String, CaseIterable {
    case append, read, codec, execute

    /// What runs unless asked for one part.
    static let usual = allCases

    func run(_ settings: Settings) async throws {
        switch self {
        case .append: try await AppendBench(settings).run()
        case .read: try await ReadBench(settings).run()
        case .codec: try await CodecBench(settings).run()
        case .execute: try await ExecuteBench(settings).run()
        }
    }
}
