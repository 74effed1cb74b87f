/// One of the doors that bytes of strangers come in by. `make fuzz` feeds it what libFuzzer makes up, `make test` the
/// corpus.
enum FuzzTarget: String, CaseIterable, Sendable {
    /// What a client sends to our server.
    case server
    /// What a server sends to our client.
    case client
    /// Protobuf's wire format.
    case wire
    /// JSON, and its mapping to messages.
    case json
    /// Path templates, URLs and bodies of REST.
    case http

    /// - Throws: `Broken` when something does not hold that must hold for any input.
    func run(_ input: [UInt8]) throws {
        switch self {
        case .server: try ServerInput.run(input)
        case .client: try ClientInput.run(input)
        case .wire: try WireInput.run(input)
        case .json: try JSONInput.run(input)
        case .http: try HTTPInput.run(input)
        }
    }
}

/// What must hold for any input, and did not for this one.
struct Broken: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

func hold(_ condition: Bool, _ rule: @autoclosure () -> String) throws(Broken) {
    if !condition { throw Broken(rule()) }
}
