/// Which of an instance's steps an operator means: by its name, or by its number where several have the name.
public enum StepChoice: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case named(Step)
    case number(Int)

    public init(stringLiteral name: String) { self = .named(Step(rawValue: name)) }

    public init(integerLiteral number: Int) { self = .number(number) }
}

extension StepChoice: CustomStringConvertible {
    public var description: String {
        switch self {
        case .named(let step): "\"\(step)\""
        case .number(let number): "number \(number)"
        }
    }
}

extension InstanceReport {
    /// The steps that may be meant.
    func steps(_ choice: StepChoice) -> [OutstandingEffect] {
        effects.filter { effect in
            switch choice {
            case .named(let step): effect.step == step
            case .number(let number): effect.number == number
            }
        }
    }

    /// The parked step that is meant.
    func parkedStep(_ choice: StepChoice) throws(ProcessOperationError) -> OutstandingEffect {
        let meant = steps(choice)
        guard let effect = meant.first else {
            throw .noSuchStep(
                process: process, key: key, expected: choice.description,
                found: effects.map { "\"\($0.step)\" (number \($0.number))" })
        }
        let parked = meant.filter { $0.parkedAt != nil }
        guard parked.count < 2 else {
            throw .ambiguousStep(
                process: process, key: key, step: effect.step.rawValue, numbers: parked.map(\.number))
        }
        guard let effect = parked.first else {
            throw .notParked(process: process, key: key, step: effect.step.rawValue, attempts: effect.attempts)
        }
        return effect
    }
}
