import FoundationEssentials
import MartletDomain
import MartletPostgres
import MartletProjections

extension InstanceQueries {
    /// A row for each thing that is known of an instance, its kind first.
    func report(on key: String) -> SQL {
        """
        WITH \(place)
        SELECT 'instance' AS what, p.now, i.position, i.state_version AS number, i.phase AS name, i.status AS kind,
            NULL AS target, i.started_at AS since, i.changed_at AS next_at, i.ended_at AS ended_at, 0 AS attempts,
            i.reason AS problem, i.state::text AS state, false AS is_undo, 0 AS round
        FROM place p JOIN \(schema).process_instances i ON i.build = p.build AND i.instance = \(key)
        UNION ALL
        SELECT 'effect', p.now, e.effect, e.number, e.step, e.kind, e.target, e.issued_at, e.next_try_at, e.parked_at,
            e.attempts, e.problem, NULL, e.is_undo, e.round
        FROM place p JOIN \(schema).process_effects e ON e.build = p.build AND e.instance = \(key)
        UNION ALL
        SELECT 'timer', p.now, 0, t.number, t.timer, NULL, NULL, t.started_at, t.due_at, t.fired_at, 0, NULL, NULL,
            false, 0
        FROM place p JOIN \(schema).process_timers t ON t.build = p.build AND t.instance = \(key)
        UNION ALL
        SELECT 'input', p.now, d.position, (count(*) OVER ())::integer, d.type, NULL, d.stream_id, d.parked_at, NULL,
            NULL, d.attempts, d.problem, NULL, false, 0
        FROM place p JOIN \(schema).dead_letters d
            ON d.build = p.build AND d.state = 'parked' AND d.key = \(key.asEventKey)
        ORDER BY what, position, next_at, number
        """
    }

    /// A row when an operator has discarded what came back from an effect.
    func discardedAnswer(to effect: EffectReference, of key: String) -> SQL {
        """
        WITH \(place)
        SELECT FROM place p
        JOIN \(schema).commands c
            ON c.command_id = \("\(process)/\(key)/\(effect.number).\(effect.round)/end")
        JOIN \(schema).dead_letters d ON d.build = p.build AND d.position = c.position AND d.state = 'discarded'
        """
    }

    /// What each input has come to, in the order of the log.
    func history(of key: String, after position: GlobalPosition, limit: Int) -> SQL {
        """
        WITH \(place)
        SELECT h.position, h.reacted_at, h.input, h.status, h.phase_before, h.phase, h.ignored, h.effects,
            e.recorded_at, e.stream_id, e.metadata ->> 'actor' AS actor
        FROM place p
        JOIN \(schema).process_history h
            ON h.build = p.build AND h.instance = \(key) AND h.position > \(position.rawValue)
        LEFT JOIN \(schema).events e ON e.position = h.position
        ORDER BY h.position LIMIT \(max(0, limit))
        """
    }
}

extension InstanceReport {
    /// Nil when nothing is known of the key.
    init?(_ rows: Rows, _ key: String, _ queries: InstanceQueries) throws {
        guard let first = rows.first else { return nil }
        let rows = try rows.map { row in (what: try row.decode("what", as: String.self), row: row) }
        func all<Part>(_ what: String, _ part: (Row) throws -> Part) rethrows -> [Part] {
            try rows.filter { $0.what == what }.map { try part($0.row) }
        }
        (process, self.key, patience) = (queries.process, key, queries.patience)
        askedAt = try first.decode("now")
        life = try all("instance") { try Life($0, queries.process) }.first
        effects = try all("effect") { try OutstandingEffect($0) }
        timers = try all("timer") { try RunningTimer($0) }
        parkedInput = try all("input") { try ParkedInput($0) }.first
    }
}

extension InstanceReport.Life {
    fileprivate init(_ row: Row, _ process: String) throws {
        let word = try row.decode("kind", as: String.self)
        guard let status = InstanceStatus(rawValue: word) else {
            throw UnreadableInstance(process: process, problem: "expected a status, found \"\(word)\"")
        }
        self.status = status
        phase = try row.decode("name")
        reason = try row.decode("problem", as: String?.self)
        startedAt = try row.decode("since")
        changedAt = try row.decode("next_at")
        endedAt = try row.decode("ended_at", as: Date?.self)
        position = GlobalPosition(rawValue: try row.decode("position"))
        stateVersion = Int(try row.decode("number", as: Int32.self))
        state = try row.decode("state")
    }
}

extension InstanceReport.OutstandingEffect {
    fileprivate init(_ row: Row) throws {
        number = Int(try row.decode("number", as: Int32.self))
        step = Step(rawValue: try row.decode("name"))
        let isUndo = try row.decode("is_undo", as: Bool.self)
        switch try row.decode("kind", as: String.self) {
        case "call": kind = isUndo ? .undoCall : .call
        default: kind = isUndo ? .undoCommand : .command
        }
        round = Int(try row.decode("round", as: Int32.self))
        target = try row.decode("target")
        issuedAt = try row.decode("since")
        attempts = Int(try row.decode("attempts", as: Int32.self))
        nextTryAt = try row.decode("next_at", as: Date?.self)
        problem = try row.decode("problem", as: String?.self)
        parkedAt = try row.decode("ended_at", as: Date?.self)
    }
}

extension InstanceReport.RunningTimer {
    fileprivate init(_ row: Row) throws {
        timer = TimerName(rawValue: try row.decode("name"))
        number = Int(try row.decode("number", as: Int32.self))
        startedAt = try row.decode("since")
        dueAt = try row.decode("next_at")
        firedAt = try row.decode("ended_at", as: Date?.self)
    }
}

extension InstanceReport.ParkedInput {
    fileprivate init(_ row: Row) throws {
        count = Int(try row.decode("number", as: Int32.self))
        position = GlobalPosition(rawValue: try row.decode("position"))
        stream = try row.decode("target")
        type = try row.decode("name")
        parkedAt = try row.decode("since")
        attempts = Int(try row.decode("attempts", as: Int32.self))
        problem = try row.decode("problem", as: String?.self)
    }
}
