import RPC
import Schema

/// The audit chains of an organisation: one in each service. Auditors alone may check them, so this needs the development
/// issuer, or a token for the purpose audit.
struct AuditCheck: Sendable {
    static let services: [ServiceProgram] = [.relationships, .feedback, .goals, .trustScoring]

    let isWhole: Bool
    let lines: [String]

    /// - Parameters:
    ///   - organization: a resource name.
    ///   - options: of the person who asks; in a home with the issuer, an auditor is asked for instead.
    init(of organization: String, through channel: RPC.Channel, _ options: CallOptions, home: Home) async throws {
        var options = options
        if home.hasIssuer {
            options.metadata = Metadata()
            let token = try await TokenMint(home: home).token(
                person: "\(organization)/people/auditor", purpose: "audit", lifetime: 60)
            options.metadata.add("authorization", "Bearer \(token)")
        }
        let client = AuditServiceClient(channel)
        var isWhole = true
        var lines: [String] = []
        for service in Self.services {
            let head = "audit      \(service.rawValue): "
            do {
                let chain = try await client.verifyAuditChain(
                    VerifyAuditChainRequest(name: "\(organization)/auditChains/\(service.rawValue)"), options: options)
                lines.append(
                    "\(head)\(chain.entryCount) entries, whole"
                        + (chain.headHash.isEmpty ? "" : ", to \(chain.headHash.prefix(16))…"))
            } catch let error as RPCError where error.reason == "CHAIN_BROKEN" {
                isWhole = false
                lines.append(head + error.message)
            } catch let error as RPCError where error.code == .permissionDenied {
                lines.append("\(head)not checked; it needs a token for the purpose audit")
            }
        }
        self.isWhole = isWhole
        self.lines = lines
    }
}
