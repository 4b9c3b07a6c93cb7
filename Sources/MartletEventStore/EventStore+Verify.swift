public import MartletDomain

extension EventStore {
    /// Decodes every event of the store, up to where the log ends now, with the types of this build, and tells what it
    /// cannot read: before a release, on a copy or on the store itself, which it only reads.
    ///
    /// An event that cannot be decoded is counted and does not stop it.
    /// - Parameters:
    ///   - events: what this build claims to know, each category once: `[.aggregate(Order.self)]`.
    ///   - progress: told every thousand events, and at the end, which position has been read and where the log ends.
    /// - Throws: ``EventStoreError/hole(expected:found:)``; ``EventStoreError/database(_:)``.
    public func verify(
        against events: [KnownEvents], isolation: isolated (any Actor)? = #isolation,
        progress: (_ position: GlobalPosition, _ head: GlobalPosition) -> Void = { _, _ in }
    ) async throws(EventStoreError) -> VerificationReport {
        var verification = Verification(events, codec: codec)
        let head = try await head()
        guard head > .start else { return verification.report }
        for try await stored in readLog() {
            verification.add(stored)
            if stored.position >= head { break }
            if stored.position.rawValue.isMultiple(of: 1000) { progress(stored.position, head) }
        }
        progress(head, head)
        return verification.report
    }
}

/// The state of one verification.
private struct Verification {
    private let known: [String: KnownEvents]
    private let codec: EventCodec
    private let flaws: [String]
    private var position = GlobalPosition.start
    private var types: [TypeVersion: VerificationReport.VerifiedType] = [:]
    private var unknown: [String: VerificationReport.UnknownCategory] = [:]

    private struct TypeVersion: Hashable {
        let type: String
        let version: Int
    }

    init(_ events: [KnownEvents], codec: EventCodec) {
        let categories = events.map(\.category)
        precondition(Set(categories).count == categories.count, "expected each category once, found \(categories)")
        known = Dictionary(uniqueKeysWithValues: zip(categories, events))
        self.codec = codec
        flaws = events.compactMap { $0.flaw(codec) }
    }

    mutating func add(_ stored: StoredEvent) {
        position = stored.position
        let category = stored.stream.category
        guard let events = known[category] else {
            unknown[category, default: .init(category: category)].count += 1
            return
        }
        let problem = problem(reading: stored, as: events)
        let key = TypeVersion(type: stored.type, version: stored.typeVersion)
        types[key, default: .init(type: key.type, typeVersion: key.version)].add(stored, problem)
    }

    private func problem(reading stored: StoredEvent, as events: KnownEvents) -> String? {
        do throws(EventStoreError) {
            try events.read(codec, stored)
            return nil
        } catch .undecodable(_, _, _, _, let problem) {
            return problem
        } catch {
            return error.description
        }
    }

    var report: VerificationReport {
        var report = VerificationReport()
        report.position = position
        report.flaws = flaws
        report.types = types.values.sorted { ($0.type, $0.typeVersion) < ($1.type, $1.typeVersion) }
        report.unknownCategories = unknown.values.sorted { $0.category < $1.category }
        return report
    }
}

extension VerificationReport.VerifiedType {
    fileprivate mutating func add(_ stored: StoredEvent, _ problem: String?) {
        count += 1
        guard let problem else { return }
        unreadable += 1
        guard firstUnreadable.count < 10 else { return }
        firstUnreadable.append(
            VerificationReport.Unreadable(
                position: stored.position, stream: stored.stream.description, version: stored.version,
                problem: problem))
    }
}
