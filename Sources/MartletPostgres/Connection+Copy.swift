import CLibPQ

extension Connection {
    /// Copies rows into a table in PostgreSQL's binary COPY form: the fastest way in.
    ///
    /// Committed with the open transaction, else by itself; when `write` throws, no row stays.
    /// - Returns: how many rows were copied.
    /// - Throws: what `write` throws, or ``PostgresError``.
    @discardableResult
    public func copyIn(
        into table: SQL, columns: [SQLIdentifier], isolation: isolated (any Actor)? = #isolation,
        _ write: (inout CopyWriter) async throws -> Void
    ) async throws -> Int {
        let list = columns.map(\.quoted).joined(separator: ", ")
        try await beginCopy("COPY \(table) (\(SQL(trusted: list))) FROM STDIN (FORMAT binary)")
        var writer = CopyWriter(connection: self)
        do {
            try await write(&writer)
            try await writer.finish()
            return try await endCopy()
        } catch {
            // The server answers the abort with an error of its own, which says nothing new.
            do throws(PostgresError) { _ = try await abandonCopy() } catch {}
            throw error
        }
    }

    /// Runs a `COPY … TO STDOUT` and hands over its data as it arrives, one row of the chosen format at a time.
    /// - Throws: what `read` throws, after which the connection is broken (nobody waits for the rest), or
    ///   ``PostgresError``.
    public func copyOut(
        _ statement: SQL, isolation: isolated (any Actor)? = #isolation, _ read: ([UInt8]) async throws -> Void
    ) async throws {
        try await beginCopy(statement)
        do {
            while let row = try await nextCopyRow() { try await read(row) }
            _ = try await finishCopy()
        } catch {
            await breakLink()
            throw error
        }
    }

    private func beginCopy(_ statement: SQL) async throws(PostgresError) {
        let answer = try await cancellable { () throws(PostgresError) in
            try self.sendBegin()
            return try self.exchange(statement)
        }
        guard answer.commandTag.isEmpty || answer.commandTag.hasPrefix("COPY") else {
            throw PostgresError(
                sqlState: .protocolViolation, message: "expected a COPY statement, found \(answer.commandTag)",
                statement: statement.text)
        }
    }

    func putCopy(_ bytes: [UInt8]) async throws(PostgresError) {
        try await cancellable { () throws(PostgresError) in try self.put(bytes) }
    }

    private func put(_ bytes: [UInt8]) throws(PostgresError) {
        guard let length = Int32(exactly: bytes.count) else { throw .tooLong("a row to copy") }
        let sent = bytes.withUnsafeBytes {
            PQputCopyData(link.pointer, $0.bindMemory(to: CChar.self).baseAddress, length)
        }
        guard sent == 1 else { throw link.error(of: nil, statement: nil) }
    }

    private func endCopy() async throws(PostgresError) -> Int {
        try await cancellable { () throws(PostgresError) in try self.endCopy(failure: nil) }
    }

    /// Also when the task is cancelled, because the connection is of no use in the middle of a copy.
    private func abandonCopy() throws(PostgresError) -> Int { try endCopy(failure: "abandoned by the writer") }

    private func endCopy(failure: String?) throws(PostgresError) -> Int {
        guard PQputCopyEnd(link.pointer, failure) == 1 else { throw link.error(of: nil, statement: nil) }
        return try finishCopy()
    }

    /// The count comes before the commit, whose failure is a result of its own: all of them must be good.
    private func finishCopy() throws(PostgresError) -> Int {
        var count: Int?
        var failure: PostgresError?
        while let result = PQgetResult(link.pointer) {
            do throws(PostgresError) {
                let rows = try check(result, statement: nil)
                count = count ?? rows.affectedCount
            } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        guard let count, link.isOpen else { throw link.error(of: nil, statement: nil) }
        return count
    }

    private func nextCopyRow() async throws(PostgresError) -> [UInt8]? {
        try await cancellable { () throws(PostgresError) in try self.takeCopyRow() }
    }

    private func takeCopyRow() throws(PostgresError) -> [UInt8]? {
        var buffer: UnsafeMutablePointer<CChar>?
        let length = PQgetCopyData(link.pointer, &buffer, 0)
        defer { PQfreemem(buffer) }
        guard length >= 0, let buffer else {
            if length == -2 { throw link.error(of: nil, statement: nil) }
            return nil
        }
        return Array(UnsafeRawBufferPointer(start: buffer, count: Int(length)))
    }
}

/// Builds rows for ``Connection/copyIn(into:columns:isolation:_:)`` and sends them in blocks of 64 KiB.
public struct CopyWriter {
    private static let blockSize = 65_536
    /// Signature, flags and header extension of the binary form (PostgreSQL's documentation of COPY).
    private static let header: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + Array(repeating: 0, count: 8)

    private let connection: Connection
    private var buffer = Self.header

    fileprivate init(connection: Connection) {
        self.connection = connection
    }

    /// Adds one row; the values are the columns in their order and of just their types, which COPY does not convert.
    /// - Throws: ``PostgresError``.
    public mutating func row<each Value: PostgresEncodable>(_ values: repeat each Value) async throws(PostgresError) {
        var count = 0
        for _ in repeat each values { count += 1 }
        try await row(of: count) { buffer throws(PostgresError) in
            for value in repeat each values { try buffer.append(field: value) }
        }
    }

    /// Adds one row of `count` columns, which `write` appends in their order, each by `append(field:)`.
    package mutating func row(
        of count: Int, _ write: (inout [UInt8]) throws(PostgresError) -> Void
    ) async throws(PostgresError) {
        let start = buffer.count
        do throws(PostgresError) {
            buffer.append(bigEndian: Int16(clamping: count))
            try write(&buffer)
        } catch {
            // Half a row must not stay, in case the writer goes on.
            buffer.removeSubrange(start...)
            throw error
        }
        if buffer.count >= Self.blockSize { try await flush() }
    }

    fileprivate mutating func finish() async throws(PostgresError) {
        buffer.append(bigEndian: Int16(-1))
        try await flush()
    }

    private mutating func flush() async throws(PostgresError) {
        try await connection.putCopy(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}
