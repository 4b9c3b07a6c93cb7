import MartletCLI

/// The measures of one part, in the order in which each was first taken.
struct Results {
    private let roundCount: Int
    private var measures: [Measure] = []

    init(_ settings: Settings) { roundCount = settings.rounds }

    /// Takes one round's measurement of a measure.
    /// - Parameter yardsticks: the measures of the same rounds that it is compared with: the fastest of them.
    mutating func measure(
        _ name: String, unit: String = "events/s", beside yardsticks: String..., body: () async throws -> Measurement
    ) async throws {
        let round = measures.first { $0.name == name }?.rounds.count ?? 0
        StatusLine.show("measuring \(name), round \(round + 1) of \(roundCount)")
        let measurement = try await body()
        StatusLine.clear()
        add(measurement, to: name, unit: unit, beside: yardsticks)
    }

    /// Takes a measurement over that was made together with others.
    mutating func add(
        _ measurement: Measurement, to name: String, unit: String = "events/s", beside yardsticks: [String]
    ) {
        if !measures.contains(where: { $0.name == name }) {
            measures.append(Measure(name, unit: unit, beside: yardsticks))
        }
        for index in measures.indices where measures[index].name == name { measures[index].add(measurement) }
    }

    /// Writes a line a measure to standard output, of those measures whose name is wanted.
    func write(where isWanted: (String) -> Bool = { _ in true }) {
        for measure in measures where isWanted(measure.name) {
            StandardStream.output.writeLine(measure.line(beside: yardstick(of: measure)))
        }
    }

    private func yardstick(of measure: Measure) -> Measure {
        measures.filter { measure.yardsticks.contains($0.name) }.max { $0.median.rate < $1.median.rate } ?? measure
    }
}
