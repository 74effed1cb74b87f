import RPC
import Testing

@testable import rapport

@Suite("The command line")
struct CommandTests {
    @Test("up has the documented ports")
    func upDefaults() throws {
        let up = try #require(try Rapport.parseAsRoot(["up"]) as? Up)
        #expect(up.listen == "127.0.0.1:8080")
        #expect(up.basePort == 8081)
        #expect(up.demo)
    }

    @Test("trust without a verb asks for the profile")
    func trustDefaultsToProfile() throws {
        let command = try Rapport.parseAsRoot(["trust", "case-study", "--as", "coach", "--at", "day:87"])
        let profile = try #require(command as? TrustProfileCommand)
        #expect(profile.question.relationship == "case-study")
        #expect(profile.question.gateway.actor == .role(.coach))
        #expect(profile.at == .demoDay(87))
    }

    @Test("One calls as a role or as anybody of the cast")
    func actors() {
        #expect(DemoActor(argument: "programme-admin") == .role(.programmeAdmin))
        #expect(DemoActor(argument: "leo") == .person(Cast.strongCoachee))
        #expect(DemoActor(argument: "nobody") == nil)
    }

    @Test("what-if takes several things")
    func whatIf() throws {
        let command = try Rapport.parseAsRoot(["trust", "what-if", "case-study", "commitment.kept", "pulse.honest=5"])
        #expect((command as? TrustWhatIfCommand)?.events == ["commitment.kept", "pulse.honest=5"])
    }

    @Test("An operator asks all four services unless told otherwise")
    func admin() throws {
        #expect((try Rapport.parseAsRoot(["admin"]) as? AdminStatus)?.admin.service == [])
        let lag = try Rapport.parseAsRoot(["admin", "lag", "--service", "trust-scoring", "--address", "h:1"])
        #expect((lag as? AdminLag)?.admin.service == [.trustScoring])
        #expect((try Rapport.parseAsRoot(["token", "--operator"]) as? Token)?.operator == true)
    }

    @Test("TLS is spoken when roots are given, by option or by the variables of the services")
    func tls() throws {
        func options(_ arguments: String...) throws -> TLSOptions {
            let status = try Rapport.parseAsRoot(["admin", "status"] + arguments) as? AdminStatus
            return try #require(status).admin.tls
        }
        #expect(try options().credentials([:]) == nil)
        func error(_ options: TLSOptions, _ environment: [String: String] = [:]) -> String {
            do {
                _ = try options.credentials(environment)
                return ""
            } catch { return "\(error)" }
        }
        #expect(error(try options("--tls-roots", "/no/roots")) == "/no/roots: No such file or directory")
        #expect(error(try options(), ["RAPPORT_TLS_ROOTS": "/no/r"]) == "/no/r: No such file or directory")
        let roots = ["RAPPORT_TLS_ROOTS": "/no/r"]
        #expect(error(try options("--tls-roots", "/no/roots"), roots) == "/no/roots: No such file or directory")
        #expect(error(try options("--tls-certificate", "a", "--tls-key", "b")).contains("--tls-roots"))
        #expect(error(try options(), roots.merging(["RAPPORT_TLS_KEY": "k"]) { $1 }).contains("belong together"))
        #expect(throws: (any Error).self) { try Rapport.parseAsRoot(["admin", "status", "--tls-key", "b"]) }
    }

    @Test("A call has a method, a deadline of five seconds, and metadata in pairs")
    func call() throws {
        let call = try #require(try Rapport.parseAsRoot(["call", "a.B/C", "{}", "--metadata", "k:v"]) as? Call)
        #expect(call.method == "a.B/C")
        #expect(call.gateway.deadline.duration == .seconds(5))
        #expect(call.metadata == ["k:v"])
    }

    @Test(
        "A deadline is seconds or milliseconds",
        arguments: [
            ("2s", Duration.milliseconds(2000)), ("500ms", .milliseconds(500)), ("1.5s", .milliseconds(1500)),
        ])
    func deadline(_ text: String, _ duration: Duration) {
        #expect(GatewayOptions.Deadline(argument: text)?.duration == duration)
    }

    @Test(
        "What makes no sense is refused before anything is called",
        arguments: [
            ["call"], ["call", "noslash"], ["call", "a.B/C", "--metadata", "novalue"],
            ["call", "a.B/C", "--deadline", "0s"],
            ["call", "a.B/C", "--deadline", "2"], ["call", "a.B/C", "--token", "t", "--as", "coach"], ["token"],
            ["token", "--person", "jonas"], ["token", "--role", "king"],
            ["token", "--role", "coach", "--lifetime", "0"],
            ["admin", "lag", "--service", "gateway"], ["admin", "lag", "--address", "127.0.0.1:8083"],
            ["admin", "lag", "--service", "goals", "--service", "feedback", "--address", "127.0.0.1:8083"],
            ["trust", "profile"], ["trust", "profile", "x", "--at", "soon"], ["trust", "what-if", "x"],
            ["trust", "what-if", "x", "pulse.honest=high"], ["fly"],
        ])
    func refused(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try Rapport.parseAsRoot(arguments) }
    }

    @Test("A failed call shows its status, reason, violations and when to try again")
    func errors() {
        let error = RPCError(.invalidArgument, reason: "INVALID_FIELD", "the goal is not complete")
            .adding(violation: "goal.weight", "must be 1 to 6").retrying(after: .milliseconds(1500))
        #expect(
            ErrorText(error).text == """
                INVALID_ARGUMENT: the goal is not complete
                 reason: INVALID_FIELD
                 field goal.weight: must be 1 to 6
                 try again in 1.50 s
                """)
    }

    @Test("A relationship is named by its story or its resource name")
    func relationshipNames() throws {
        var file = DemoFile()
        file.relationships = ["case-study": "organizations/demo/relationships/1"]
        file.titles = ["case-study": "A's trust in B"]
        #expect(try file.relationship("case-study") == "organizations/demo/relationships/1")
        #expect(try file.relationship("organizations/o/relationships/2") == "organizations/o/relationships/2")
        #expect(throws: Failure.self) { try file.relationship("nobody") }
        #expect(file.title(of: "case-study") == "A's trust in B")
        #expect(file.title(of: "organizations/demo/relationships/1") == "A's trust in B")
        #expect(file.title(of: "organizations/o/relationships/2") == "organizations/o/relationships/2")
    }
}
