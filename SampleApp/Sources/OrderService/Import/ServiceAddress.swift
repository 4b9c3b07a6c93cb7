import Foundation
import MartletCLI

/// Where a service listens, read from a URL such as `http://127.0.0.1:8080`.
struct ServiceAddress: Hashable, Sendable, CustomStringConvertible {
    let host: String
    let port: Int
    /// What stands before `/orders`; empty for most.
    let prefix: String

    /// - Throws: `UsageError` for anything but a URL of plain HTTP without a query.
    init(url text: String) throws(UsageError) {
        guard let url = URL(string: text), url.scheme == "http", let host = url.host, !host.isEmpty, url.user == nil,
            url.query == nil, url.fragment == nil, (1...65_535).contains(url.port ?? 80)
        else {
            throw UsageError("option \"--url\": expected a URL such as http://127.0.0.1:8080, found \(text.excerpt)")
        }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = url.port ?? 80
        let path = url.path(percentEncoded: true)
        prefix = path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// Host and port as the header `Host` has them.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    var description: String { "http://\(authority)\(prefix)" }
}
