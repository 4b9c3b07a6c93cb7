import FoundationEssentials
import Martlet
import MartletHTTP
import OrderDomain

extension OrdersAPI {
    /// 201 for a new order, 200 for one that was there with the same content, 409 with other content.
    func place(_ request: HTTPRequest) async throws -> HTTPResponse {
        var fields = try Fields(json: request.body)
        let form = try OrderForm(&fields, now: now())
        try fields.end()
        let (state, isNew) = try await orders.place(form)
        var response = try answer(state, status: isNew ? .created : .ok)
        response.headers["Location"] = "/orders/" + state.id.asPathSegment
        return response
    }

    /// 200 with where the order stands, also when the step was taken before; 404 or 409 when it cannot be taken.
    func take(_ step: OrderStep, of key: String, _ request: HTTPRequest) async throws -> HTTPResponse {
        var fields = try Fields(json: request.body.isEmpty ? Array("{}".utf8) : request.body)
        let command = try step.command(&fields, now: now())
        try fields.end()
        return try answer(try await orders.execute(command, on: try id(key)), status: .ok)
    }

    /// The id in a path; what cannot be one is no order's.
    func id(_ key: String) throws(Order.Rejection) -> Order.ID {
        do throws(OrderFlaw) { return try Order.id(key) } catch { throw .notPlaced }
    }

    private func answer(_ state: OrderState, status: HTTPStatus) throws -> HTTPResponse {
        var response = try HTTPResponse(encoding: state, status: status)
        response.headers[Self.positionHeader] = String(state.position)
        return response
    }
}

extension String {
    /// As one segment of a path (RFC 3986 section 3.3, the unreserved characters only).
    var asPathSegment: String {
        var encoded = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default: encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}
