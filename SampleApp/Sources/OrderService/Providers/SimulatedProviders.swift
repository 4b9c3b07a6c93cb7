import Martlet
import OrderFulfilment
import OrderProviders

/// Whom the fulfilments call: simulators that behave as badly as they are told to.
public struct SimulatedProviders: Hashable, Sendable {
    var payment = SimulatorBehaviour()
    var shipping = SimulatorBehaviour()
    var timeout: Duration = .seconds(10)
    /// The first included.
    var attempts = 8

    /// They do all that they are asked, at once.
    public static let reliable = SimulatedProviders()

    /// The process manager that calls them, with their ledger in the shop's database.
    func processes(on postgres: PostgresConfiguration) -> Processes {
        let ledger = ProviderLedger(ConnectionPool(postgres, size: 8))
        return Processes(
            OrderFulfilment.self, calling: PaymentSimulator(ledger, payment, policy: policy),
            ShippingSimulator(ledger, shipping, policy: policy))
    }

    /// Troubles are those of single orders: many of them in a row do not mean that the provider is away.
    private var policy: CallPolicy {
        CallPolicy(
            timeout: timeout, attempts: attempts, pause: min(timeout / 5, .milliseconds(200)),
            longestPause: min(timeout * 2, .seconds(10)), concurrency: 64, failuresToOpen: 1000, recovery: .seconds(1))
    }
}
