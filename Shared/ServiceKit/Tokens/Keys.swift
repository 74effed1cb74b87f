import Crypto
import FoundationEssentials
import JWTKit
import Synchronization

/// The keys that tokens are checked with: one file a public key, in a directory that all services read.
///
/// `issuer-*.pem` sign people's tokens, `service-NAME.pem` those of the service NAME. A directory, because each service
/// makes its own key at first start and only hands out the public half.
public final class Keys: Sendable {
    /// A key's owner, which decides what its tokens may claim.
    enum Owner: Hashable, Sendable {
        case issuer
        case service(String)
    }

    /// Looking for new keys at an unknown key id: at most this often, so that garbage tokens cost no disk.
    static let rescanInterval: Int64 = 1_000_000

    private struct State {
        var owners: [String: Owner] = [:]
        var lastScan: Int64 = .min
        /// The reading of the directory that is under way.
        var scan: Task<Void, Never>?
    }

    let collection = JWTKeyCollection()
    private let directory: String
    private let isDevelopment: Bool
    private let state = Mutex(State())

    /// - Parameter isDevelopment: takes the development issuer's tokens as well.
    public init(directory: String, isDevelopment: Bool) {
        self.directory = directory
        self.isDevelopment = isDevelopment
    }

    /// The owner of a key id; reads the directory again when it does not know the id. Who asks while it is being read
    /// waits for that.
    func owner(of keyID: String, at now: Instant) async -> Owner? {
        let scan: Task<Void, Never>? = state.withLock { state in
            guard state.owners[keyID] == nil else { return nil }
            if let scan = state.scan { return scan }
            guard state.lastScan == .min || now.microseconds - state.lastScan >= Keys.rescanInterval else { return nil }
            state.lastScan = now.microseconds
            let scan = Task {
                await self.scan()
                self.state.withLock { $0.scan = nil }
            }
            state.scan = scan
            return scan
        }
        await scan?.value
        return state.withLock { $0.owners[keyID] }
    }

    private func scan() async {
        for file in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] where file.hasSuffix(".pem")
        {
            let keyID = String(file.dropLast(4))
            guard isDevelopment || keyID != DevelopmentIssuer.keyID, state.withLock({ $0.owners[keyID] == nil }),
                let owner = Keys.owner(named: keyID),
                let pem = FileManager.default.contents(atPath: "\(directory)/\(file)"),
                let key = try? EdDSA.PublicKey(pem: String(decoding: pem, as: UTF8.self))
            else { continue }
            await collection.add(eddsa: key, kid: JWKIdentifier(string: keyID))
            state.withLock { $0.owners[keyID] = owner }
        }
    }

    private static func owner(named keyID: String) -> Owner? {
        if keyID.hasPrefix("issuer-") { return .issuer }
        return keyID.hasPrefix("service-") ? .service(String(keyID.dropFirst("service-".count))) : nil
    }

    /// A private key in its file, made at first use and readable by its owner alone; the public half goes to `directory`.
    static func privateKey(file: String, publishedAs keyID: String, in directory: String) throws -> EdDSA.PrivateKey {
        let files = FileManager.default
        try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let key = try EdDSA.PrivateKey(
            pem: PrivateKeyFile.contents(at: file) { Curve25519.Signing.PrivateKey().pemRepresentation })
        let published = "\(directory)/\(keyID).pem"
        let pem = Data(key.publicKey.pemRepresentation.utf8)
        if files.contents(atPath: published) != pem { try pem.write(to: URL(filePath: published), options: .atomic) }
        return key
    }
}
