import Glibc
import Martlet
import MartletCLI
import NotificationService

// A reader that goes away, such as `head`, must not kill the service.
signal(SIGPIPE, SIG_IGN)
// The shop's database is another one on the same server, unless LOG_DATABASE_URL says where it is.
let shop: PostgresConfiguration
do {
    shop =
        if let url = getenv("LOG_DATABASE_URL") {
            try PostgresConfiguration(url: String(cString: url))
        } else {
            .environment.database(getenv("LOG_DATABASE").map { String(cString: $0) } ?? "shop")
        }
} catch {
    StandardStream.error.writeLine("notification-service: LOG_DATABASE_URL: \(error)")
    exit(ExitCode.usage.rawValue)
}
exit(
    await NotificationProgram.on(.environment, readingFrom: shop)
        .run(Array(CommandLine.arguments.dropFirst())).rawValue)
