import MartletPostgres

extension PostgresLogStorage {
    package func maintain() async throws(StreamingLogError) {}
}
