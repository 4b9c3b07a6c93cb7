import Martlet
import OrderDomain

/// Where an order stands, with the place in the log that tells a reader what to wait for.
struct OrderState: Codable, Hashable, Sendable {
    let id: String
    let status: OrderStatus
    let version: Int64
    let position: Int64

    fileprivate init(_ id: Order.ID, _ status: OrderStatus, _ receipt: Receipt) {
        self.id = id.key
        self.status = status
        version = receipt.version.rawValue
        position = receipt.position.rawValue
    }
}

/// The shop's commands on an application; every one may be sent again without harm.
struct Orders: Sendable {
    let application: Application

    typealias Failure = ExecuteError<Order.Rejection>

    /// Places an order; `isNew` is false when it was there already.
    ///
    /// A new order is the common case, so this appends to `.noStream` at once and looks only when somebody was there
    /// before; that also tells which of two that place the same order at once was the first.
    func place(_ form: OrderForm) async throws(Failure) -> (state: OrderState, isNew: Bool) {
        do throws(AppendError) {
            let receipt = try await application.store.append(
                [.placed(form.details)], to: form.id, expecting: .noStream)
            return (OrderState(form.id, .placed, receipt), true)
        } catch {
            switch error {
            case .conflict(let conflict): return (try await compare(form, after: conflict), false)
            case .unknown(let outcome): throw .unknown(outcome)
            case .failed(let failure): throw .failed(failure)
            }
        }
    }

    /// Carries out a command on an order that was placed.
    func execute(_ command: Order.Command, on id: Order.ID) async throws(Failure) -> OrderState {
        try await application.execute(command, on: id)
        let order = try await load(id)
        guard let status = order.state.status else { throw .rejected(.notPlaced) }
        return OrderState(id, status, order.receipt)
    }

    private func compare(_ form: OrderForm, after conflict: VersionConflict) async throws(Failure) -> OrderState {
        let order = try await load(form.id)
        guard let known = order.state.details, let status = order.state.status else { throw .conflict(conflict) }
        do throws(Order.Rejection) { _ = try order.state.decide(.place(form.details(against: known))) } catch {
            throw .rejected(error)
        }
        return OrderState(form.id, status, order.receipt)
    }

    private func load(_ id: Order.ID) async throws(Failure) -> Loaded<Order> {
        do throws(EventStoreError) { return try await application.store.load(id) } catch { throw .failed(error) }
    }
}
