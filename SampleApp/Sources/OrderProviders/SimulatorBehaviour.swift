/// How well a simulated provider does, decided for each order and kind of request by the seed alone: two runs with one
/// seed meet the same troubles, whatever the order of their calls.
///
/// Shares are parts of all orders, from 0 for none to 1 for all.
public struct SimulatorBehaviour: Hashable, Sendable {
    public var seed: UInt64
    /// Orders whose payment is declined, or to whose address nothing is delivered.
    public var declined: Double
    /// Orders about which the provider is silent, by kind of request; half of these requests take effect all the same.
    ///
    /// Who asks for something new never hears an answer, however often it is asked. Who takes something back, or settles
    /// what was agreed, is left waiting the first time only: nothing could ever be brought to an end otherwise.
    public var silent: Double
    /// Orders for which the first call, or the first two, end in a technical error, by kind of request; half of these
    /// calls take effect all the same.
    public var failing: Double
    /// How long an answer takes.
    public var delay: ClosedRange<Duration>

    /// A provider that does all that it is asked at once, but for what is named here.
    public init(
        seed: UInt64 = 0, declined: Double = 0, silent: Double = 0, failing: Double = 0,
        delay: ClosedRange<Duration> = .zero ... .zero
    ) {
        (self.seed, self.declined, self.silent, self.failing, self.delay) = (seed, declined, silent, failing, delay)
    }
}

/// What becomes of one call.
enum Conduct: Hashable, Sendable {
    case answers
    case fails(takesEffect: Bool)
    case staysSilent(takesEffect: Bool)
}

extension SimulatorBehaviour {
    /// - Parameter attempt: how often this very request has come, 1 the first time.
    func conduct(_ request: some LedgerRequest, attempt: Int) -> Conduct {
        let takesEffect = roll("effect", request) < 0.5
        if roll("silent", request) < silent, request.asksForSomethingNew || attempt == 1 {
            return .staysSilent(takesEffect: takesEffect)
        }
        if roll("failing", request) < failing, attempt <= (roll("failures", request) < 0.5 ? 1 : 2) {
            return .fails(takesEffect: takesEffect)
        }
        return .answers
    }

    func declines(_ request: some LedgerRequest) -> Bool { roll("declined", request) < declined }

    func delay(_ request: some LedgerRequest) -> Duration {
        delay.lowerBound + (delay.upperBound - delay.lowerBound) * roll("delay", request)
    }

    /// From 0 up to and without 1.
    private func roll(_ question: String, _ request: some LedgerRequest) -> Double {
        var hash = StableHash(seed: seed)
        for text in [question, request.order, request.kind] { hash.add(text) }
        return hash.fraction
    }
}

/// A hash that is the same in every process: FNV-1a of 64 bits, finished as SplitMix64 is (Steele, Lea, Flood 2014),
/// because FNV's high bits hardly change with the last bytes.
struct StableHash {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    init(seed: UInt64) {
        withUnsafeBytes(of: seed.littleEndian) { bytes in for byte in bytes { add(byte) } }
    }

    /// Adds a text and a mark for its end.
    mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
        add(0)
    }

    private mutating func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }

    var value: UInt64 {
        var mixed = state &+ 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// From 0 up to and without 1.
    var fraction: Double { Double(value >> 11) * 0x1p-53 }
}
