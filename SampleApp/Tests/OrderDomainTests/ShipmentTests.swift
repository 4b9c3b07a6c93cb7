import Foundation
import Martlet
import MartletTesting
import OrderDomain
import Testing

struct ShipmentTests {
    private static let noon = Date(timeIntervalSince1970: 1_790_000_000)
    private static let later = noon.addingTimeInterval(3600)
    private static let booked = Shipment.Event.booked(tracking: "MT1", at: noon)
    private static let failed = Shipment.Event.failed(reason: "no such street", at: noon)
    private static let cancelled = Shipment.Event.cancelled(at: noon)
    private static let dispatched = Shipment.Event.dispatched(at: noon)

    @Test func `a parcel is booked and dispatched`() {
        Given<Shipment>()
            .when(.recordBooking(tracking: "MT1", at: Self.noon)).then([Self.booked])
            .when(.recordDispatch(at: Self.noon)).then([Self.dispatched])
    }

    @Test func `a failure is recorded`() {
        Given<Shipment>().when(.recordFailure(reason: "no such street", at: Self.noon)).then([Self.failed])
    }

    @Test(arguments: [[], [booked], [failed]])
    func `what has not left can be cancelled, known or not`(past: [Shipment.Event]) {
        Given<Shipment>(past).when(.recordCancellation(at: Self.noon)).then([Self.cancelled])
    }

    @Test(arguments: [
        (Shipment.Command.recordBooking(tracking: "MT1", at: later), [booked]),
        (.recordBooking(tracking: "MT1", at: later), [booked, cancelled]),
        (.recordFailure(reason: "x", at: later), [failed]), (.recordCancellation(at: later), [booked, cancelled]),
        (.recordDispatch(at: later), [booked, dispatched]),
    ])
    func `what was recorded is not recorded again`(command: Shipment.Command, past: [Shipment.Event]) {
        Given<Shipment>(past).when(command).thenNothing()
    }

    @Test(arguments: [
        (
            Shipment.Command.recordBooking(tracking: "MT2", at: later), [booked],
            Shipment.Rejection.bookedOtherwise(tracking: "MT1")
        ),
        (.recordBooking(tracking: "MT1", at: later), [cancelled], .cancelled),
        (.recordBooking(tracking: "MT1", at: later), [failed], .failed),
        (.recordFailure(reason: "x", at: later), [booked], .alreadyBooked),
        (.recordFailure(reason: "x", at: later), [cancelled], .cancelled),
        (.recordCancellation(at: later), [booked, dispatched], .alreadyDispatched),
        (.recordDispatch(at: later), [], .notBooked), (.recordDispatch(at: later), [failed], .notBooked),
        (.recordDispatch(at: later), [booked, cancelled], .cancelled),
    ])
    func `what cannot have happened is refused`(
        command: Shipment.Command, past: [Shipment.Event], rejection: Shipment.Rejection
    ) {
        Given<Shipment>(past).when(command).thenRejected(rejection)
    }
}
