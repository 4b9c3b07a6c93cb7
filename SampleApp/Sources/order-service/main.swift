import Glibc
import OrderService

// A reader that goes away, such as `head`, must not kill the service.
signal(SIGPIPE, SIG_IGN)
exit(await OrderProgram.on(.environment).run(Array(CommandLine.arguments.dropFirst())).rawValue)
