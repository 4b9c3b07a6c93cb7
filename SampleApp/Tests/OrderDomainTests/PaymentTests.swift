import Foundation
import Martlet
import MartletTesting
import OrderDomain
import Testing

struct PaymentTests {
    private static let noon = Date(timeIntervalSince1970: 1_790_000_000)
    private static let later = noon.addingTimeInterval(3600)
    private static let authorised = Payment.Event.authorised(cents: 1580, at: noon)
    private static let declined = Payment.Event.declined(reason: "no funds", at: noon)
    private static let captured = Payment.Event.captured(cents: 1580, at: noon)
    private static let voided = Payment.Event.voided(at: noon)
    private static let refunded = Payment.Event.refunded(cents: 1580, at: noon)

    @Test func `what was authorised is captured and refunded in whole`() {
        Given<Payment>()
            .when(.recordAuthorisation(cents: 1580, at: Self.later)).then([.authorised(cents: 1580, at: Self.later)])
            .when(.recordCapture(at: Self.later)).then([.captured(cents: 1580, at: Self.later)])
            .when(.recordRefund(at: Self.later)).then([.refunded(cents: 1580, at: Self.later)])
    }

    @Test func `a decline is recorded`() {
        Given<Payment>().when(.recordDecline(reason: "no funds", at: Self.noon)).then([Self.declined])
    }

    @Test(arguments: [[], [authorised], [declined]])
    func `what was not captured can be voided, known or not`(past: [Payment.Event]) {
        Given<Payment>(past).when(.recordVoid(at: Self.noon)).then([Self.voided])
    }

    @Test(arguments: [
        (Payment.Command.recordAuthorisation(cents: 1580, at: later), [authorised]),
        (.recordAuthorisation(cents: 1580, at: later), [authorised, captured, refunded]),
        (.recordAuthorisation(cents: 1580, at: later), [authorised, voided]),
        (.recordDecline(reason: "x", at: later), [declined]), (.recordCapture(at: later), [authorised, captured]),
        (.recordCapture(at: later), [authorised, captured, refunded]), (.recordVoid(at: later), [voided]),
        (.recordRefund(at: later), [authorised, captured, refunded]),
    ])
    func `what was recorded is not recorded again`(command: Payment.Command, past: [Payment.Event]) {
        Given<Payment>(past).when(command).thenNothing()
    }

    @Test(arguments: [
        (
            Payment.Command.recordAuthorisation(cents: 1, at: later), [authorised],
            Payment.Rejection.authorisedOtherwise(cents: 1580)
        ),
        (.recordAuthorisation(cents: 1580, at: later), [voided], .voided),
        (.recordAuthorisation(cents: 1580, at: later), [declined], .declined),
        (.recordDecline(reason: "x", at: later), [authorised], .alreadyAuthorised),
        (.recordDecline(reason: "x", at: later), [voided], .voided),
        (.recordCapture(at: later), [], .notAuthorised), (.recordCapture(at: later), [declined], .notAuthorised),
        (.recordCapture(at: later), [authorised, voided], .voided),
        (.recordVoid(at: later), [authorised, captured], .alreadyCaptured),
        (.recordVoid(at: later), [authorised, captured, refunded], .alreadyCaptured),
        (.recordRefund(at: later), [authorised], .notCaptured), (.recordRefund(at: later), [], .notCaptured),
    ])
    func `what cannot have happened is refused`(
        command: Payment.Command, past: [Payment.Event], rejection: Payment.Rejection
    ) {
        Given<Payment>(past).when(command).thenRejected(rejection)
    }
}
