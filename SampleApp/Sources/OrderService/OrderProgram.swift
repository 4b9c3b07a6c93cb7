public import Martlet
public import MartletCLI
import OrderProviders

/// The program `order-service`.
public enum OrderProgram {
    /// - Parameter postgres: where the orders are.
    public static func on(_ postgres: PostgresConfiguration) -> Program {
        let application = OrderApplication.on(postgres)
        return Program(
            "order-service",
            "the sample of Martlet: orders from HTTP to a read model, on PostgreSQL (PGHOST, PGDATABASE, …)",
            commands: [
                migrate(application),
                VerifyCommand(application.store, OrderApplication.events).command, serve(application),
                importing(application), report(application),
                AuditCommand(application).command, ProjectionsCommand(application).command,
                RebuildCommand(application).command,
            ])
    }

    /// The shop's schemas, and that of the providers which stand in for the world outside.
    private static func migrate(_ application: Application) -> Command {
        let providers = MigratedSchema(ProviderLedger.schema, ProviderLedger.migrations, on: application.pool)
        return MigrateCommand(application, [providers]).command
    }

    private static func serve(_ application: Application) -> Command {
        Command(ServeCommand.syntax) { arguments in try await ServeCommand(arguments, application).run() }
    }

    private static func importing(_ application: Application) -> Command {
        Command(ImportCommand.syntax) { arguments in try await ImportCommand(arguments, application).run() }
    }

    private static func report(_ application: Application) -> Command {
        let syntax = CommandSyntax(
            "report", "sums up the read models: orders by state, revenue by day",
            options: [.flag("json", "print one JSON object instead of a page")],
            examples: [.init("report"), .init("report --json")])
        return Command(syntax) { arguments in
            let report = try await ShopReport(application)
            StandardStream.output.writeLine(arguments.has("json") ? try report.json : ReportPage(report).text)
            return .success
        }
    }
}
