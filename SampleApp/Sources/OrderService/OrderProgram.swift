public import Martlet
public import MartletCLI

/// The program `order-service`.
public enum OrderProgram {
    /// - Parameter postgres: where the orders are.
    public static func on(_ postgres: PostgresConfiguration) -> Program {
        let application = OrderApplication.on(postgres)
        return Program(
            "order-service",
            "the sample of Martlet: orders from HTTP to a read model, on PostgreSQL (PGHOST, PGDATABASE, …)",
            commands: [
                migrate(application), verify(application), serve(application), importing(application),
                report(application), projections(application),
            ])
    }

    private static func migrate(_ application: Application) -> Command {
        Command(MigrateCommand.syntax) { arguments in
            StandardStream.output.writeLine(try await MigrateCommand(application).run(arguments))
            return .success
        }
    }

    private static func verify(_ application: Application) -> Command {
        Command(VerifyCommand.syntax) { arguments in
            let verify = VerifyCommand(application.store, OrderApplication.events)
            let verdict = try await verify.run(arguments)
            StandardStream.output.writeLine(verdict.text)
            return verdict.exitCode
        }
    }

    private static func projections(_ application: Application) -> Command {
        Command(ProjectionsCommand.syntax) { arguments in
            let answer = try await ProjectionsCommand(application).run(arguments)
            StandardStream.output.writeLine(answer.text)
            return answer.exitCode
        }
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
