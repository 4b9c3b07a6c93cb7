import Martlet
import MartletHTTP
import OrderDomain

extension HTTPResponse {
    /// The answer to a request that failed with this error.
    init(refusing error: any Error) {
        self =
            switch error {
            case let problem as FieldProblem: .refusing(problem)
            case let failure as Orders.Failure: .refusing(failure)
            case let rejection as Order.Rejection: .refusing(rejection)
            case let error as EventStoreError: .refusing(error)
            case let error as PostgresError: .refusing(.database(error))
            case let behind as ReadModelBehind:
                .comeBack(
                    code: "read_model_behind", message: "the read model has not reached position \(behind.position)")
            default: .error(.internalServerError, code: "internal", message: "\(error)")
            }
    }

    /// 503 with `Retry-After`: the same request may work soon.
    static func comeBack(code: String, message: String) -> HTTPResponse {
        var response = error(.serviceUnavailable, code: code, message: message.onOneLine)
        response.headers["Retry-After"] = "1"
        return response
    }

    private static func refusing(_ problem: FieldProblem) -> HTTPResponse {
        let status: HTTPStatus = problem.code == .malformedJSON ? .badRequest : .unprocessableContent
        return error(status, code: problem.code.rawValue, message: problem.message, field: problem.field)
    }

    private static func refusing(_ failure: Orders.Failure) -> HTTPResponse {
        switch failure {
        case .rejected(let rejection): .refusing(rejection)
        case .conflict(let conflict): .comeBack(code: "busy", message: "others were faster every time: \(conflict)")
        case .unknown(let outcome):
            .comeBack(code: "unknown_outcome", message: "\(outcome); it is safe to send the same request again")
        case .failed(let error): .refusing(error)
        }
    }

    private static func refusing(_ rejection: Order.Rejection) -> HTTPResponse {
        error(rejection == .notPlaced ? .notFound : .conflict, code: rejection.code, message: rejection.description)
    }

    private static func refusing(_ failure: EventStoreError) -> HTTPResponse {
        switch failure {
        case .database(let error) where error.isUnavailability || error.sqlState == .lockNotAvailable:
            comeBack(code: "database_unavailable", message: "the database is away: \(error)")
        case .database(let error) where error.isMissingSchema:
            comeBack(code: "not_migrated", message: "the database has no tables yet; run: order-service migrate")
        default: error(.internalServerError, code: "internal", message: failure.description)
        }
    }
}

extension PostgresError {
    /// Whether a table or function is missing, as before the first migration.
    var isMissingSchema: Bool {
        [.undefinedTable, .undefinedFunction, .invalidSchemaName].contains(sqlState)
    }
}

extension Order.Rejection {
    /// What programs switch over.
    fileprivate var code: String {
        switch self {
        case .notPlaced: "not_placed"
        case .alreadyPlacedDifferently: "already_placed_differently"
        case .notPaid: "not_paid"
        case .alreadyShipped: "already_shipped"
        case .cancelled: "cancelled"
        case .alreadyPaid: "already_paid"
        case .inFulfilment: "in_fulfilment"
        case .notInFulfilment: "not_in_fulfilment"
        }
    }
}
