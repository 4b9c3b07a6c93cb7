import Martlet

/// Brings orders straight to the event store.
struct ApplicationDestination: OrderDestination {
    let application: Application

    func deliver(_ order: ImportedOrder) async throws(DeliveryError) -> Delivery {
        let orders = Orders(application: application)
        do throws(Orders.Failure) {
            let (placed, isNew) = try await orders.place(order.form)
            var position = placed.position
            for step in order.steps {
                position = try await orders.execute(step.command, on: order.form.id).position
            }
            return Delivery(isNew: isNew, position: GlobalPosition(rawValue: position))
        } catch {
            throw DeliveryError(error)
        }
    }

    func readModelPosition() async throws(DeliveryError) -> GlobalPosition {
        do {
            return try await application.projectionStatuses().map(\.position).min() ?? .start
        } catch let error as EventStoreError {
            throw DeliveryError(error)
        } catch let error as PostgresError {
            throw DeliveryError(.database(error))
        } catch {
            throw .broken("\(error)")
        }
    }
}

extension DeliveryError {
    fileprivate init(_ failure: Orders.Failure) {
        self =
            switch failure {
            case .rejected(let rejection): .refused(rejection.description)
            case .conflict, .unknown: .away(failure.description)
            case .failed(let error): DeliveryError(error)
            }
    }

    fileprivate init(_ error: EventStoreError) {
        self =
            switch error {
            case .database(let error) where error.isUnavailability || error.sqlState == .lockNotAvailable:
                .away("the database is away: \(error)".onOneLine)
            case .database(let error) where error.isMissingSchema:
                .broken("the database has no tables yet; run: order-service migrate")
            default: .broken(error.description)
            }
    }
}
