public import Martlet
public import MartletCLI
import OrderProviders

/// The program `order-service`.
public enum OrderProgram {
    /// - Parameter postgres: where the orders are.
    public static func on(_ postgres: PostgresConfiguration) -> Program {
        let application = OrderApplication.on(postgres, providers: .reliable)
        return Program(
            "order-service",
            "the sample of Martlet: orders from HTTP to their fulfilment, on PostgreSQL (PGHOST, PGDATABASE, …)",
            commands: [
                migrate(application), VerifyCommand(application.store, OrderApplication.events).command,
                serve(on: postgres), RestockCommand.command(application), importing(on: postgres),
                SettleCommand.command(application), AuditCommand(application).command, report(application),
                ProjectionsCommand(application).command, PublicationsCommand(application).command,
                ProcessesCommand(application).command, RebuildCommand(application).command,
                LogCommand(application.log).command,
            ])
    }

    /// The shop's schemas, and that of the providers which stand in for the world outside.
    private static func migrate(_ application: Application) -> Command {
        let providers = MigratedSchema(ProviderLedger.schema, ProviderLedger.migrations, on: application.pool)
        return MigrateCommand(application, [providers]).command
    }

    private static func serve(on postgres: PostgresConfiguration) -> Command {
        Command(ServeCommand.syntax) { arguments in try await ServeCommand(arguments, on: postgres).run() }
    }

    /// It builds the read models while it waits for them, but leaves the orders' fulfilment to the service.
    private static func importing(on postgres: PostgresConfiguration) -> Command {
        let application = OrderApplication.on(postgres)
        return Command(ImportCommand.syntax) { arguments in try await ImportCommand(arguments, application).run() }
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
