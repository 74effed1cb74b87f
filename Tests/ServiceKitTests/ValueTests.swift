import HTTP
import Standard
import Testing

@testable import ServiceKit

@Suite("Instants")
struct InstantTests {
    @Test(
        "a timestamp and back is the same to the microsecond",
        arguments: [
            Timestamp(seconds: 0, nanos: 0), Timestamp(seconds: 1_700_000_000, nanos: 123_456_000),
            Timestamp(seconds: -1, nanos: 999_999_000), Timestamp(seconds: 253_402_300_799, nanos: 0),
        ])
    func roundTrip(timestamp: Timestamp) throws {
        #expect(try Instant(timestamp).timestamp == timestamp)
    }

    @Test(
        "what is no timestamp is refused",
        arguments: [
            Timestamp(seconds: 0, nanos: -1), Timestamp(seconds: 0, nanos: 1_000_000_000),
            Timestamp(seconds: 253_402_300_800, nanos: 0), Timestamp(seconds: .min, nanos: 0),
        ])
    func refused(timestamp: Timestamp) {
        #expect(throws: Refusal.self) { try Instant(timestamp) }
    }

    @Test func addsDaysHoursAndMinutes() {
        let start = Instant(microseconds: 5)
        #expect(start.adding(days: 1, hours: -1) - start == 23 * Instant.microsecondsPerHour)
    }
}

@Suite("Resource names")
struct ResourceNameTests {
    static let goal = "organizations/acme/relationships/01931f5e-0000-7000-8000-000000000001/goals/g1"

    @Test func knowsItsParts() throws {
        let name = try ResourceName(Self.goal, "organizations", "relationships", "goals")
        #expect(name.id == "g1")
        #expect(name.organization == "organizations/acme")
        #expect(name.relationship == "organizations/acme/relationships/01931f5e-0000-7000-8000-000000000001")
        #expect(name.parent.text == name.relationship)
        #expect(name.parent.child("goals", "g1") == name)
    }

    @Test(
        "anything else is BAD_NAME",
        arguments: [
            "", "organizations", "organizations/acme/relationships/r", "organizations//relationships/r/goals/g",
            "organizations/acme/relationships/r/goals/g/x/y", "organizations/ACME/relationships/r/goals/g",
            "organizations/a/relationships/../goals/g", "organizations/a/relationships/r/goals/g%2f",
            "people/a/relationships/r/goals/g",
        ])
    func refused(text: String) {
        #expect(throws: Refusal.self) { try ResourceName(text, "organizations", "relationships", "goals") }
    }

    @Test func refusesWhatIsTooLong() {
        let long = "organizations/" + String(repeating: "a", count: 64)
        #expect(throws: Refusal.self) { try ResourceName(long, "organizations") }
    }
}

@Suite("Checks name the field and say what is needed")
struct CheckTests {
    @Test func textIsCountedInCharacters() throws {
        try Check.text("héllo", "text", 1...5)
        let refusal = #expect(throws: Refusal.self) { try Check.text("", "commitment.text", 1...5) }
        #expect(refusal?.field == "commitment.text")
        #expect(refusal?.message == "commitment.text: 1 to 5 characters are needed")
    }

    @Test func requiresKnownEnums() throws {
        try Check.known(HealthCheckResponse.ServingStatus.serving, "status")
        #expect(throws: Refusal.self) { try Check.known(HealthCheckResponse.ServingStatus(rawValue: 0), "status") }
        #expect(throws: Refusal.self) { try Check.known(HealthCheckResponse.ServingStatus(rawValue: 99), "status") }
    }

    @Test func requiresInstants() {
        #expect(throws: Refusal.self) { try Check.instant(nil, "due_time") }
    }
}

@Suite("Configuration")
struct ConfigurationTests {
    @Test func hasDefaultsForEverything() throws {
        let configuration = try ServiceConfiguration(service: "goals") { _ in nil }
        #expect(configuration.listen == .tcp(host: "127.0.0.1", port: 8083))
        #expect(configuration.dataDirectory == ".rapport/goals")
        #expect(configuration.table.split(separator: "\n").count == ServiceConfiguration.settings(of: "goals").count)
    }

    @Test(
        "a wrong value says its variable and what is expected",
        arguments: [
            ("RAPPORT_LISTEN", "8083"), ("RAPPORT_LISTEN", "host:70000"), ("RAPPORT_LOG_LEVEL", "loud"),
            ("RAPPORT_DRAIN_SECONDS", "-1"), ("RAPPORT_THREADS", "65"), ("RAPPORT_CLOCK", "offset:1h"),
            ("RAPPORT_CLOCK", "offset:5s"), ("RAPPORT_TLS_KEY", "key.pem"), ("RAPPORT_TLS_CLIENT_ROOTS", "roots.pem"),
            ("RAPPORT_ALLOWED_ORIGINS", "app.example.com"), ("RAPPORT_ALLOWED_ORIGINS", "https://a.example/app"),
            ("RAPPORT_MAX_CONNECTION_AGE_SECONDS", "-1"), ("RAPPORT_MAX_CONNECTION_AGE_GRACE_SECONDS", "1h"),
        ])
    func refused(variable: String, value: String) {
        let failure = #expect(throws: ServiceConfiguration.Failure.self) {
            try ServiceConfiguration(service: "goals") { $0 == variable ? value : nil }
        }
        #expect(failure?.description.hasPrefix("\(variable)=\(value): ") == true)
    }

    @Test func withoutFilesThereIsNoTLS() throws {
        let configuration = try ServiceConfiguration(service: "goals") { _ in nil }
        #expect(configuration.serverTLS == nil && configuration.clientTLS == nil && configuration.http.tls == nil)
    }

    @Test func aCertificateIsTheServersAndTheClients() throws {
        var environment = ["RAPPORT_TLS_CERTIFICATE": "c.pem", "RAPPORT_TLS_KEY": "k.pem"]
        func configuration() throws -> ServiceConfiguration {
            try ServiceConfiguration(service: "goals") { environment[$0] }
        }
        let certificate = CertificateFiles(chain: "c.pem", privateKey: "k.pem")
        #expect(try configuration().http.tls == ServerTLS(certificate: certificate))
        #expect(try configuration().clientTLS == nil)
        environment["RAPPORT_TLS_CLIENT_ROOTS"] = "people.pem"
        environment["RAPPORT_TLS_ROOTS"] = "suite.pem"
        #expect(try configuration().serverTLS?.clientCertificates == .required(rootsFile: "people.pem"))
        #expect(try configuration().clientTLS == ClientTLS(trustRootsFile: "suite.pem", certificate: certificate))
        environment["RAPPORT_TLS_KEY"] = nil
        let failure = #expect(throws: ServiceConfiguration.Failure.self) { try configuration() }
        #expect(failure?.description == "RAPPORT_TLS_KEY=: RAPPORT_TLS_CERTIFICATE needs its key")
    }

    @Test func connectionsMayGrowOld() throws {
        var environment: [String: String] = [:]
        func http() throws -> HTTPConfiguration {
            try ServiceConfiguration(service: "goals") { environment[$0] }.http
        }
        #expect(try http().maxAge == nil && http().ageGrace == nil)
        environment = ["RAPPORT_MAX_CONNECTION_AGE_SECONDS": "600", "RAPPORT_MAX_CONNECTION_AGE_GRACE_SECONDS": "30"]
        #expect(try http().maxAge == .seconds(600) && http().ageGrace == .seconds(30))
    }

    @Test func noPageOfAnotherOriginMayCallUnlessItIsSet() throws {
        #expect(try ServiceConfiguration(service: "goals") { _ in nil }.allowedOrigins.isEmpty)
        let configuration = try ServiceConfiguration(service: "goals") {
            $0 == "RAPPORT_ALLOWED_ORIGINS" ? "https://app.example.com, http://localhost:5173" : nil
        }
        #expect(configuration.allowedOrigins == AllowedOrigins("http://localhost:5173,https://app.example.com"))
    }

    @Test func onlyDevelopmentMovesTheClock() throws {
        let environment = ["RAPPORT_MODE": "development", "RAPPORT_CLOCK": "offset:-86400s"]
        let configuration = try ServiceConfiguration(service: "goals") { environment[$0] }
        #expect(configuration.clockOffset == -Instant.microsecondsPerDay)
    }
}

@Suite("Log lines")
struct LogTests {
    @Test func areJSONWhateverTheyHold() {
        #expect(JSONLogHandler.quoted("a\"b\\c\n\u{1}é") == #""a\"b\\c\n\u0001é""#)
    }

    @Test func carryTheTimeInUTC() {
        #expect(JSONLogHandler.text(Instant(microseconds: 1_700_000_000_123_000)) == "2023-11-14T22:13:20.123Z")
    }
}
