import CRoostProcess
import Glibc
import Roost

/// Looks a host's addresses up in a worker. `getaddrinfo` cannot be interrupted, and waits for name servers that do not answer for many
/// seconds; a worker that is asked to stop is gone at once.
public struct ResolveHost: IsolatedTask {
    /// A name, or an address in digits.
    public var host: String
    /// A port or the name of a service; nil for none.
    public var service: String?

    /// Creates the task.
    public init(_ host: String, service: String? = nil) {
        self.host = host
        self.service = service
    }

    /// One address of a host.
    public struct Address: Codable, Sendable, Hashable, CustomStringConvertible {
        /// In digits: `192.0.2.1`, `2001:db8::1`.
        public var text: String
        /// 0 without a service.
        public var port: UInt16
        /// `AF_INET` or `AF_INET6`.
        public var family: Int32
        /// The `sockaddr`, as `connect(2)` takes it.
        public var bytes: [UInt8]

        public var description: String { family == AF_INET6 ? "[\(text)]:\(port)" : "\(text):\(port)" }
    }

    /// Why a name could not be resolved.
    public struct Failure: Error, Codable, Sendable, Hashable, CustomStringConvertible {
        /// The host.
        public var host: String
        /// `EAI_NONAME` and so on.
        public var code: Int32
        /// In words.
        public var message: String

        public var description: String { "cannot resolve '\(host)': \(message)" }
    }

    public var inputDescription: String { service.map { "\(host):\($0)" } ?? host }

    /// Throws ``Failure`` when there is no such host, or no name server answers.
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> [Address] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, service, &hints, &list)
        guard code == 0 else {
            let message = code == EAI_SYSTEM ? String(cString: strerror(errno)) : String(cString: gai_strerror(code))
            throw Failure(host: host, code: code, message: message)
        }
        defer { freeaddrinfo(list) }
        var addresses: [Address] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            guard let address = entry.pointee.ai_addr else { continue }
            var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
            let length = entry.pointee.ai_addrlen
            let flags = NI_NUMERICHOST | NI_NUMERICSERV
            guard
                getnameinfo(address, length, &name, socklen_t(name.count), &port, socklen_t(port.count), flags) == 0
            else { continue }
            addresses.append(
                Address(
                    text: text(name), port: UInt16(text(port)) ?? 0, family: entry.pointee.ai_family,
                    bytes: Array(UnsafeRawBufferPointer(start: address, count: Int(length)))))
        }
        return addresses
    }

    private func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
