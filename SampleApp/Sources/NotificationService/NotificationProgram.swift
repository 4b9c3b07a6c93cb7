public import Martlet
public import MartletCLI

/// The program `notification-service`.
public enum NotificationProgram {
    /// - Parameters:
    ///   - postgres: this service's own database.
    ///   - shop: the database in which the shop's streaming log is.
    public static func on(_ postgres: PostgresConfiguration, readingFrom shop: PostgresConfiguration) -> Program {
        let service = NotificationService(postgres, readingFrom: shop)
        return Program(
            "notification-service",
            "the sample's second service: reads the topic orders, and writes down what customers would be sent",
            commands: [
                migrate(service), run(service), ReportCommand.command(service), LogCommand(service.log).command,
                ConsumersCommand(service.consumers).command,
            ])
    }

    private static func migrate(_ service: NotificationService) -> Command {
        let letters = MigratedSchema(NotificationSchema.name, NotificationSchema.migrations, on: service.pool)
        return MigrateCommand([MigratedSchema(inboxOf: service.consumers), letters]).command
    }

    private static func run(_ service: NotificationService) -> Command {
        let syntax = CommandSyntax(
            "run", "takes messages until Ctrl-C; several at once share the topic's partitions",
            examples: [.init("run"), .init("run & notification-service run", "two that share the work")])
        return Command(syntax) { _ in
            try await service.run()
            return .success
        }
    }
}

/// The service's parts.
public struct NotificationService: Sendable {
    let log: EmbeddedLog
    let pool: ConnectionPool
    let consumers: Consumers

    init(_ postgres: PostgresConfiguration, readingFrom shop: PostgresConfiguration) {
        log = EmbeddedLog(postgres: shop)
        pool = ConnectionPool(postgres, size: 4)
        let incidents = IncidentReport { StandardStream.error.writeLine("notification-service: \($0)") }
        consumers = Consumers(of: log, postgres: postgres, incidents: incidents) { Notifications() }
    }

    /// Returns after SIGINT or SIGTERM; what is under way is finished or will be taken again.
    func run() async throws {
        let signals = StopSignals()
        defer { signals.close() }
        let stop = signals.stream
        StandardStream.error.writeLine("notification-service: reading \"orders\"")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumers.run() }
            group.addTask { for await _ in stop { return } }
            try await group.next()
            StandardStream.error.writeLine("notification-service: stopping")
            group.cancelAll()
        }
    }
}
