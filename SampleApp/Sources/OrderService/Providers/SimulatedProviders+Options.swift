import MartletCLI
import OrderProviders

extension SimulatedProviders {
    static let options: [CommandSyntax.Option] = [
        .value("seed", "N", "which orders meet the providers' troubles (default: 1)"),
        .value("declined", "SHARE", "of orders whose payment is declined, as 5% or 0.05 (default: 0)"),
        .value("undeliverable", "SHARE", "of orders to whose address nothing is delivered"),
        .value("silent", "SHARE", "of requests that a provider never answers"),
        .value("failing", "SHARE", "of requests that end in a technical error once or twice"),
        .value("provider-delay", "MS", "how long an answer takes, up to (default: 0)"),
        .value("provider-timeout", "MS", "how long an answer is waited for (default: 10000)"),
        .value("provider-attempts", "N", "how often a provider is asked until it is given up (default: 8)"),
    ]

    init(_ arguments: Arguments) throws(UsageError) {
        let delay = Duration.milliseconds(try arguments.integer("provider-delay", in: 0...3_600_000) ?? 0)
        timeout = .milliseconds(try arguments.integer("provider-timeout", in: 1...3_600_000) ?? 10_000)
        attempts = try arguments.integer("provider-attempts", in: 1...1000) ?? 8
        guard delay < timeout else {
            throw UsageError("option \"--provider-delay\": expected less than the timeout, \(timeout), found \(delay)")
        }
        let common = SimulatorBehaviour(
            seed: UInt64(clamping: try arguments.integer("seed", in: 0...Int.max) ?? 1),
            silent: try arguments.share("silent"), failing: try arguments.share("failing"), delay: .zero...delay)
        (payment, shipping) = (common, common)
        payment.declined = try arguments.share("declined")
        shipping.declined = try arguments.share("undeliverable")
    }
}

extension Arguments {
    /// The value of an option as a part of the whole, from 0 to 1; 0 when it was not given.
    /// - Throws: `UsageError` when it is neither such a number nor a percentage.
    fileprivate func share(_ name: String) throws(UsageError) -> Double {
        guard let text = self[name] else { return 0 }
        let isPercentage = text.hasSuffix("%")
        let number = Double(isPercentage ? text.dropLast() : text[...]).map { isPercentage ? $0 / 100 : $0 }
        guard let number, (0...1).contains(number) else {
            throw UsageError("option \"--\(name)\": expected a share from 0 to 1 or from 0% to 100%, found \"\(text)\"")
        }
        return number
    }
}
