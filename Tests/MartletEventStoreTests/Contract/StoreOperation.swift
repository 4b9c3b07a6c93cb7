import Martlet

/// Something that is done to an event store, drawn at random.
enum StoreOperation {
    case append([(key: String, count: Int, expected: ExpectedVersion)], as: CommandID?)
    case execute(Account.Command, key: String, as: CommandID?)
    case close(key: String, expecting: ExpectedVersion)
    case archive(key: String)
    case forget
    case load(key: String)

    static func random(using random: inout SplitMix64) -> StoreOperation {
        let id = Bool.random(using: &random) ? nil : CommandID("\(Int.random(in: 0..<25, using: &random))")
        switch Int.random(in: 0..<100, using: &random) {
        case ..<50:
            let keys = keys.shuffled(using: &random).prefix([1, 1, 1, 2, 3].randomElement(using: &random) ?? 1)
            let parts = keys.map { key in
                (key, Int.random(in: 1...3, using: &random), expectation(using: &random))
            }
            return .append(parts, as: id)
        case ..<80:
            let cents = Int.random(in: 1...4, using: &random)
            let command: Account.Command =
                Bool.random(using: &random) ? .receive(cents: cents) : .send(cents: cents, to: "x")
            return .execute(command, key: key(using: &random), as: id)
        case ..<84: return .close(key: key(using: &random), expecting: expectation(using: &random))
        case ..<90: return .archive(key: key(using: &random))
        case ..<92: return .forget
        default: return .load(key: key(using: &random))
        }
    }

    private static let keys = (0..<12).map { "stream-\($0)" }

    private static func key(using random: inout SplitMix64) -> String {
        keys.randomElement(using: &random) ?? ""
    }

    /// Most of them hold on most streams, or nothing would ever be written.
    private static func expectation(using random: inout SplitMix64) -> ExpectedVersion {
        switch Int.random(in: 0..<10, using: &random) {
        case ..<5: .any
        case ..<7: .exists
        case 7: .noStream
        default: .exactly(StreamVersion(rawValue: .random(in: -1...6, using: &random)))
        }
    }
}

/// What an operation came to.
struct StoreOutcome: Equatable {
    var words: String
    var receipts: [Receipt] = []

    /// Without what depends on what others do to the log meanwhile.
    var alone: StoreOutcome {
        StoreOutcome(
            words: words,
            receipts: receipts.map { Receipt(version: $0.version, position: .start, isRepeated: $0.isRepeated) })
    }
}

extension EventStore {
    /// - Parameter prefix: of every key and command id.
    func outcome(of operation: StoreOperation, prefix: String = "") async throws -> StoreOutcome {
        func own(_ id: CommandID?) -> CommandID? { id.map { CommandID(prefix + $0.rawValue) } }
        do {
            switch operation {
            case .append(let parts, let id):
                let appends = parts.map { key, count, expected in
                    StreamAppend(
                        [Account.Event](repeating: .received(cents: 1), count: count), to: Account.ID(prefix + key),
                        expecting: expected)
                }
                return StoreOutcome(words: "appended", receipts: try await append(appends, as: own(id)))
            case .execute(let command, let key, let id?):
                let receipt = try await execute(
                    command, on: Account.ID(prefix + key), as: CommandID(prefix + id.rawValue))
                return StoreOutcome(words: "executed", receipts: [receipt])
            case .execute(let command, let key, nil):
                return StoreOutcome(
                    words: "executed", receipts: [try await execute(command, on: Account.ID(prefix + key))])
            case .close(let key, let expected):
                return StoreOutcome(
                    words: "closed at \(try await close(Account.ID(prefix + key), expecting: expected))")
            case .archive(let key):
                return StoreOutcome(words: "archived \(try await archive(Account.ID(prefix + key)))")
            case .forget:
                return StoreOutcome(words: "forgot \(try await forgetCommands(olderThan: .seconds(-3600)))")
            case .load(let key):
                let loaded = try await load(Account.ID(prefix + key))
                return StoreOutcome(words: "balance \(loaded.state.balance)", receipts: [loaded.receipt])
            }
        } catch let error as AppendError {
            return StoreOutcome(words: error.description)
        } catch let error as ExecuteError<Account.Rejection> {
            return StoreOutcome(words: error.description)
        } catch let error as EventStoreError { return StoreOutcome(words: error.description) }
    }
}
