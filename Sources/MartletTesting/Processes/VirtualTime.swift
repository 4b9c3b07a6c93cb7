public import FoundationEssentials
public import Martlet
import Synchronization

/// A clock for the timers of process managers that a test moves: the other clock of an ``Martlet/Application`` whose
/// timers are not to be waited for.
///
/// ```swift
/// let time = VirtualTime()
/// let bank = Application(postgres: database.configuration, time: time) { Processes(Transfers.self) }
/// await time.advance(by: .seconds(30 * 86_400))
/// ```
/// It stands still until it is moved. Timers that are due then fire as soon as the application's ``Application/run()``
/// looks, which it does at once. Everything else goes by the database's clock and by the system's: when events were
/// recorded, leases, how long a provider may take, and when it is asked again.
public final class VirtualTime: Sendable {
    private let moment: Mutex<Date>
    private let listeners = Mutex<[TimeSource.Listener]>([])

    /// A clock that stands at 2026-01-01, midnight in UTC, unless it is told otherwise.
    public init(startingAt moment: Date = Date(timeIntervalSince1970: 1_767_225_600)) { self.moment = Mutex(moment) }

    /// Where it stands.
    public var now: Date { moment.withLock { $0 } }

    /// Moves it on, and has timers looked at.
    /// - Precondition: the duration is not below zero.
    public func advance(by duration: Duration) async {
        precondition(duration >= .zero, "expected a clock to be moved on, found \(duration)")
        moment.withLock { $0 += duration / .seconds(1) }
        for listener in listeners.withLock({ $0 }) { await listener() }
    }

    var source: TimeSource {
        TimeSource({ "\(self.now)" }, whenMoved: { listener in self.listeners.withLock { $0.append(listener) } })
    }
}

extension Application {
    /// Wires the parts as any application's are, but on a clock of timers that the test moves.
    public init(
        postgres: PostgresConfiguration, schema: SQLIdentifier = "martlet", connections: Int = 16,
        lease: Duration = .seconds(5), incidents: IncidentReport = .standardError, time: VirtualTime,
        @ApplicationBuilder parts: () -> [ApplicationPart]
    ) {
        self.init(
            postgres: postgres, schema: schema, connections: connections, lease: lease, incidents: incidents,
            time: time.source, parts: parts())
    }
}
