import Glibc
import MartletCLI
import OrderService

// A reader that goes away, such as `head`, must not kill the rebuild.
signal(SIGPIPE, SIG_IGN)
let rebuild = RebuildCommand(OrderApplication.on(.environment, program: "projection-rebuild"))
exit(await Program(rebuild.command).run(Array(CommandLine.arguments.dropFirst())).rawValue)
