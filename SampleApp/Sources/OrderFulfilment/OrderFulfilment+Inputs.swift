public import Martlet
public import OrderDomain
public import OrderProviders

extension OrderFulfilment {
    public enum Input: ProcessInput {
        case order(Recorded<Order>)
        case stock(Recorded<Stock>)
        case payment(Answer<PaymentSimulator>)
        case shipping(Answer<ShippingSimulator>)
        case due(Due)
        case orderRefused(Refusal<Order>)
        case stockRefused(Refusal<Stock>)
        case paymentRefused(Refusal<Payment>)
        case shipmentRefused(Refusal<Shipment>)

        public static let sources: [InputSource<Self>] = [
            .events(
                Self.order, starting: { if case .fulfilmentRequested = $0.event { true } else { false } }),
            .events(Self.stock, of: { $0.event.order }),
            .answers(Self.payment), .answers(Self.shipping), .timers(Self.due),
            .refusals(Self.orderRefused), .refusals(Self.stockRefused), .refusals(Self.paymentRefused),
            .refusals(Self.shipmentRefused),
        ]
    }
}

extension Stock.Event {
    /// Whose order it is about.
    fileprivate var order: String? {
        switch self {
        case .added: nil
        case .reserved(let order, _), .released(let order, _), .dispatched(let order, _): order
        }
    }
}
