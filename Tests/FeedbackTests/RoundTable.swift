import HTTP
import Logging
import NIOPosix
import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Storage

@testable import Feedback

/// Sam, of whom rounds are held, everybody around Sam, and the service that holds them. Relationships answers behind a real
/// socket.
final class RoundTable: Sendable {
    static let organization = "organizations/acme"
    static let programme = "\(organization)/programmes/lead"

    static func person(_ id: String) -> String { "\(organization)/people/\(id)" }
    static func rater(_ number: Int) -> String { person("rater-\(number)") }

    let host: TestHost<FeedbackService>
    /// Sam is the coachee.
    let relationship: Relationship
    private let owner: PeopleOwner

    convenience init() async throws {
        let owner = try await PeopleOwner()
        let host = try await TestHost(
            FeedbackService.self, at: Pair.monday, channels: ["relationships": owner.channel])
        let relationship = try await host.relationship(
            trustor: Self.person("sam"), trustee: Self.person("coach"))
        self.init(host, relationship, owner)
    }

    private init(_ host: TestHost<FeedbackService>, _ relationship: Relationship, _ owner: PeopleOwner) {
        self.host = host
        self.relationship = relationship
        self.owner = owner
    }

    /// The process has ended and begins again.
    func restarted() async throws -> RoundTable { RoundTable(try await host.restarted(), relationship, owner) }

    var service: FeedbackService { host.service }
    var subject: ServerContext { by("sam") }
    var coach: ServerContext { by("coach") }
    var admin: ServerContext {
        host.context(person: Self.person("ada"), purpose: "programme_admin", roles: ["programme_admin"])
    }

    func by(_ id: String) -> ServerContext { host.context(person: Self.person(id)) }
    func by(_ rater: Int) -> ServerContext { host.context(person: Self.rater(rater)) }

    static let questions: [Round.Question] = [
        .init(form: .rating, text: "Keeps promises"), .init(form: .openText, text: "What should Sam go on doing?"),
        .init(form: .openText, text: "What should Sam stop doing?"),
    ]

    func open(
        raters: Range<Int> = 0..<6, kind: Round.Kind = .threeSixty, about subject: String = "sam",
        by caller: ServerContext? = nil, _ change: (inout Round) -> Void = { _ in }
    ) async throws -> Round {
        var words = Round(
            kind: kind, programme: Self.programme, questions: Self.questions, raters: raters.map(Self.rater))
        change(&words)
        return try await service.createRound(
            CreateRoundRequest(parent: Self.person(subject), round: words), caller ?? by(subject))
    }

    @discardableResult
    func respond(
        _ round: Round, by rater: Int, _ rating: Int32 = 4, keep: String? = nil, stop: String? = nil
    ) async throws -> RoundResponse {
        var answers = [RoundAnswer(question: 1, value: .rating(rating))]
        if let keep { answers.append(RoundAnswer(question: 2, value: .text(keep))) }
        if let stop { answers.append(RoundAnswer(question: 3, value: .text(stop))) }
        return try await service.submitRoundResponse(
            SubmitRoundResponseRequest(name: round.name, response: RoundResponse(answers: answers)), by(rater))
    }

    func close(_ round: Round, by caller: ServerContext? = nil) async throws -> Round {
        try await service.closeRound(CloseRoundRequest(name: round.name), caller ?? subject)
    }

    func result(_ round: Round, by caller: ServerContext? = nil) async throws -> RoundResult {
        try await service.getRoundResult(GetRoundResultRequest(name: "\(round.name)/result"), caller ?? subject)
    }

    func share(_ round: Round, by caller: ServerContext? = nil) async throws -> Round {
        try await service.shareRoundResult(
            ShareRoundResultRequest(name: round.name, relationship: relationship.name), caller ?? subject)
    }

    /// What is told of one question to one viewer.
    func texts(_ round: Round, question: Int32, by caller: ServerContext? = nil) async throws -> [RoundResult.Text] {
        guard case .released(let release) = try await result(round, by: caller).outcome,
            case .texts(let texts)? = release.questions.first(where: { $0.question == question })?.outcome
        else { throw Refusal.notFound("texts") }
        return texts.texts
    }

    /// Rows of a table, as somebody with the file sees them.
    func rows(_ table: String) async throws -> Int {
        try await host.runtime.database.read { snapshot in
            Int(try snapshot.first("SELECT count(*) FROM \(table)")?.int64(0) ?? 0)
        }
    }
}

extension RoundResult {
    var release: Release? { if case .released(let release) = outcome { release } else { nil } }
    var suppression: Suppression.Reason? { if case .suppressed(let cell) = outcome { cell.reason } else { nil } }
}

/// The two methods of Relationships that rounds need. Everybody of acme exists, but those called nobody-…; those called
/// gone-… are not active; report-… report to sam.
private final class PeopleOwner: Sendable {
    let channel: RPC.Channel
    private let server: HTTPServer

    init() async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let group = MultiThreadedEventLoopGroup.singleton
        let service = "rapport.relationships.v1.RelationshipsService"
        let methods: [RPC.Method] = [
            .unary(service, "GetPerson") { (request: GetPersonRequest, context) -> Person in
                guard context.metadata["authorization"]?.hasPrefix("Bearer ") == true else {
                    throw RPCError(.unauthenticated, "a token is needed")
                }
                guard !request.name.contains("/nobody-") else { throw RPCError(.notFound, "there is none") }
                return Person(
                    name: request.name,
                    manager: request.name.contains("/report-") ? RoundTable.person("sam") : "",
                    active: !request.name.contains("/gone-"))
            },
            .unary(service, "GetProgramme") { (request: GetProgrammeRequest, _) -> Programme in
                switch request.name {
                case RoundTable.programme: Programme(name: request.name, minimumGroupSize: 5)
                case "\(RoundTable.organization)/programmes/careful":
                    Programme(name: request.name, minimumGroupSize: 8)
                default: throw RPCError(.notFound, "there is none")
                }
            },
        ]
        server = HTTPServer(
            configuration: HTTPConfiguration(), application: RPCServer(methods: methods, group: group, logger: logger),
            group: group, logger: logger)
        let address = try await server.start()
        channel = RPC.Channel(.tcp(host: "127.0.0.1", port: address.port ?? 0), group: group, logger: logger)
    }

    deinit {
        Task { [channel, server] in
            await channel.close(grace: .zero)
            await server.drain(grace: .seconds(0))
        }
    }
}
