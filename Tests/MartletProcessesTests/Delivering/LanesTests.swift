import Testing

@testable import MartletProcesses

@Suite struct LanesTests {
    private let start = ContinuousClock.now

    static func effect(
        _ number: Int64, to target: String, of instance: String = "i", isUndo: Bool = false
    ) -> PendingEffect {
        PendingEffect(
            effect: number, instance: instance,
            reference: EffectReference(number: Int(number), round: 1, step: "step", target: target),
            kind: target == "provider" ? .call : .command, isUndo: isUndo, body: [], metadata: [], attempts: 0,
            unfinished: 0)
    }

    private func numbers(_ effects: [PendingEffect]) -> [Int64] { effects.map(\.effect) }

    @Test func `those to one aggregate go one after the other, those to others beside them`() {
        var lanes = Lanes()
        let effects = [Self.effect(1, to: "a"), Self.effect(2, to: "a", of: "j"), Self.effect(3, to: "b")]
        for effect in effects { lanes.add(effect) }
        #expect(numbers(lanes.take(9, at: start)) == [1, 3])
        #expect(numbers(lanes.take(9, at: start)) == [])
        lanes.end(effects[0])
        #expect(numbers(lanes.take(9, at: start)) == [2])
        #expect((lanes.running, lanes.count) == (2, 2))
    }

    @Test func `calls of different instances go beside each other, those of one do not`() {
        var lanes = Lanes()
        lanes.add(Self.effect(1, to: "provider", of: "i"))
        lanes.add(Self.effect(2, to: "provider", of: "j"))
        lanes.add(Self.effect(3, to: "provider", of: "i"))
        #expect(numbers(lanes.take(9, at: start)) == [1, 2])
    }

    @Test func `no more are taken than the limit says`() {
        var lanes = Lanes()
        for number in 1...5 { lanes.add(Self.effect(Int64(number), to: "a\(number)")) }
        #expect(numbers(lanes.take(2, at: start)) == [1, 2])
        #expect(numbers(lanes.take(0, at: start)) == [])
        #expect(numbers(lanes.take(-1, at: start)) == [])
        #expect(numbers(lanes.take(9, at: start)) == [3, 4, 5])
    }

    @Test func `one that rests holds up its lane until its time has come`() {
        var lanes = Lanes()
        lanes.add(Self.effect(1, to: "a"))
        lanes.add(Self.effect(2, to: "a"))
        lanes.rest(lanes.take(9, at: start)[0], until: start + .seconds(1))
        #expect(lanes.nextRest == start + .seconds(1))
        #expect(numbers(lanes.take(9, at: start + .milliseconds(999))) == [])
        #expect(numbers(lanes.take(9, at: start + .seconds(1))) == [1])
        #expect(lanes.nextRest == nil)
    }

    @Test func `one that rests is tried at once when an undo comes behind it, and not for anything else`() {
        var lanes = Lanes()
        lanes.add(Self.effect(1, to: "a"))
        lanes.rest(lanes.take(9, at: start)[0], until: start + .seconds(60))
        lanes.add(Self.effect(2, to: "a"))
        #expect(numbers(lanes.take(9, at: start)) == [])
        lanes.add(Self.effect(3, to: "a", isUndo: true))
        #expect(numbers(lanes.take(9, at: start)) == [1])
    }

    @Test func `one that fails is tried once more at once when an undo came behind it while it was under way`() {
        var lanes = Lanes()
        lanes.add(Self.effect(1, to: "a"))
        let first = lanes.take(9, at: start)[0]
        lanes.add(Self.effect(2, to: "a", isUndo: true))
        lanes.add(Self.effect(3, to: "a"))
        lanes.rest(first, until: start + .seconds(60))
        #expect(numbers(lanes.take(9, at: start)) == [1])
        lanes.rest(first, until: start + .seconds(60))
        #expect(numbers(lanes.take(9, at: start)) == [])
    }

    @Test func `an undo that has to wait lets others go first, and does not turn in circles with another`() {
        var lanes = Lanes()
        let (undo, other) = (
            Self.effect(1, to: "a", isUndo: true), Self.effect(2, to: "a", of: "j", isUndo: true)
        )
        lanes.add(undo)
        lanes.add(Self.effect(3, to: "a", of: "k"))
        lanes.rest(lanes.take(9, at: start)[0], until: start + .seconds(1))
        let third = lanes.take(9, at: start)
        #expect(numbers(third) == [3])
        lanes.add(other)
        lanes.end(third[0])
        lanes.rest(lanes.take(9, at: start)[0], until: start + .seconds(1))
        #expect(numbers(lanes.take(9, at: start)) == [])
        #expect(numbers(lanes.take(9, at: start + .seconds(1))) == [2])
    }

    @Test(arguments: UInt64(1)...6) func `lanes do what a list of all effects would`(_ seed: UInt64) {
        var (random, lanes, model) = (Seeded(seed), Lanes(), Model())
        var running: [PendingEffect] = []
        var (now, number) = (start, Int64(0))
        for _ in 0..<300 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                number += 1
                let target = "a\(Int.random(in: 0..<7, using: &random))"
                let effect = Self.effect(number, to: target, isUndo: .random(using: &random))
                lanes.add(effect)
                model.add(effect)
            case 2:
                let limit = Int.random(in: -1..<4, using: &random)
                let taken = lanes.take(limit, at: now)
                #expect(taken.count == min(max(limit, 0), model.free(at: now).count))
                #expect(Set(taken).isSubset(of: model.free(at: now)))
                model.take(taken)
                running += taken
            case 3:
                guard let ended = running.popLast() else { continue }
                lanes.end(ended)
                model.end(ended)
            case 4:
                guard let failed = running.popLast() else { continue }
                let until = now + .milliseconds(Int.random(in: 0..<50, using: &random))
                lanes.rest(failed, until: until)
                model.rest(failed, until: until)
            default: now += .milliseconds(Int.random(in: 0..<20, using: &random))
            }
            #expect(lanes.count == model.effects.count)
            #expect(lanes.running == running.count)
            // Nobody who waits for the next rest oversleeps.
            if let next = model.nextRest(at: now) { #expect(lanes.nextRest.map { $0 <= next } == true) }
        }
    }

    /// All effects in one list, looked through each time.
    private struct Model {
        struct Entry {
            var effect: PendingEffect
            var isRunning = false
            var isFollowed = false
            var until: ContinuousClock.Instant?
        }

        var effects: [Entry] = []

        private func head(of lane: PendingEffect.Lane) -> Int? { effects.firstIndex { $0.effect.lane == lane } }

        func free(at now: ContinuousClock.Instant) -> Set<PendingEffect> {
            Set(
                effects.indices.filter { index in
                    let entry = effects[index]
                    let isHead = head(of: entry.effect.lane) == index
                    return isHead && !entry.isRunning && entry.until.map { $0 <= now } ?? true
                }.map { effects[$0].effect })
        }

        func nextRest(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
            effects.filter { !$0.isRunning }.compactMap(\.until).filter { $0 > now }.min()
        }

        mutating func add(_ effect: PendingEffect) {
            if effect.isUndo, let head = head(of: effect.lane) {
                effects[head].until = nil
                if effects[head].isRunning { effects[head].isFollowed = true }
            }
            effects.append(Entry(effect: effect))
        }

        mutating func take(_ taken: [PendingEffect]) {
            for effect in taken {
                guard let head = head(of: effect.lane) else { continue }
                (effects[head].isRunning, effects[head].isFollowed, effects[head].until) = (true, false, nil)
            }
        }

        mutating func end(_ effect: PendingEffect) {
            guard let head = head(of: effect.lane) else { return }
            effects.remove(at: head)
        }

        mutating func rest(_ effect: PendingEffect, until moment: ContinuousClock.Instant) {
            guard let head = head(of: effect.lane) else { return }
            let isFollowed = effects[head].isFollowed
            (effects[head].isRunning, effects[head].until) = (false, isFollowed ? nil : moment)
            guard effect.isUndo else { return }
            effects[head].until = nil
            effects.append(effects.remove(at: head))
            guard let next = self.head(of: effect.lane), effects[next].effect.isUndo, !isFollowed else { return }
            effects[next].until = moment
        }
    }

    private struct Seeded: RandomNumberGenerator {
        private var state: UInt64

        init(_ seed: UInt64) { state = seed }

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
            return value ^ (value >> 31)
        }
    }
}
