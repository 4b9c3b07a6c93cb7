/// How far a long piece of work has come, and the line that says so.
public struct Progress: Hashable, Sendable {
    /// Items that are done, such as orders.
    public var items: Int
    /// What of the whole is done, from 0 to 1; nil when the whole is not known.
    public var fraction: Double?
    public var elapsed: Duration
    /// What of the whole was done when the time began.
    public var fractionBefore: Double

    public init(items: Int, fraction: Double?, elapsed: Duration, fractionBefore: Double = 0) {
        self.items = items
        self.fraction = fraction
        self.elapsed = elapsed
        self.fractionBefore = fractionBefore
    }

    /// Items per second; zero before any time has passed.
    public var rate: Double {
        let seconds = elapsed / .seconds(1)
        return seconds > 0 ? Double(items) / seconds : 0
    }

    /// The time that is left if it goes on as it has; nil when nothing can be said.
    public var remaining: Duration? {
        guard let fraction, fraction > fractionBefore, fraction <= 1 else { return nil }
        return elapsed * ((1 - fraction) / (fraction - fractionBefore))
    }

    /// One line of at most `width` columns: label, bar, percent, count, rate and time left.
    ///
    /// The bar takes what the words leave, up to 30 columns, and goes when fewer than 10 are left.
    public func line(label: String, noun: String, width: Int) -> String {
        var words = ["\(items.grouped) \(noun)", "\(Int(rate).grouped)/s"]
        if let fraction {
            words.insert("\(Int(fraction.clamped * 100)) %", at: 0)
            if let remaining, fraction < 1 { words.append("\(remaining.clock) left") }
        }
        let text = words.joined(separator: "  ")
        let room = min(30, width - label.count - text.count - 4)
        let middle = room >= 10 ? fraction.map { "  " + Self.bar($0.clamped, width: room) } ?? "" : ""
        return String((label + middle + "  " + text).prefix(width))
    }

    private static func bar(_ fraction: Double, width: Int) -> String {
        let filled = Int((fraction * Double(width)).rounded(.down))
        return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    }
}

extension Double {
    fileprivate var clamped: Double { isNaN ? 0 : min(max(self, 0), 1) }
}

extension Int {
    /// With a comma between thousands: `1,234,567`.
    public var grouped: String {
        var text = ""
        for (place, digit) in String(magnitude).reversed().enumerated() {
            if place > 0, place.isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return (self < 0 ? "-" : "") + String(text.reversed())
    }
}

extension Duration {
    /// Minutes and seconds: `0:07`, `61:00`.
    fileprivate var clock: String {
        let seconds = components.seconds
        return "\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)"
    }
}
