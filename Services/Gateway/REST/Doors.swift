import Protobuf

/// The paths that are no RPCs. They need no token: they tell nothing about anybody.
struct Doors: Sendable {
    let upstreams: Upstreams
    /// Full names of the RPC services that the gateway leads to.
    let services: [String]
    let contract: OpenAPIDocument

    /// Nil for any other path.
    func answer(to request: RESTRequest) async throws -> RESTResponse? {
        guard ["/", "/healthz", "/readyz", "/openapi.json"].contains(request.path) else { return nil }
        guard request.method == "GET" else { throw HTTPFailure.otherMethods(["GET", "HEAD"]) }
        switch request.path {
        case "/healthz": return RESTResponse(body: JSONValue.object(["status": .string("alive")]).text())
        case "/readyz": return await readiness()
        case "/openapi.json":
            let isKnown = contract.isKnown(by: request.headers.values("if-none-match"))
            return RESTResponse(
                status: isKnown ? 304 : 200, headers: ["etag": contract.etag, "cache-control": "no-cache"],
                body: isKnown ? [] : contract.text)
        default: return RESTResponse(body: welcome.text(isPretty: true))
        }
    }

    /// 503 unless every service serves; names each with what it says.
    private func readiness() async -> RESTResponse {
        let states = await withTaskGroup(of: (String, String).self) { group in
            for upstream in upstreams.processes {
                group.addTask { (upstream.name, await upstream.health()?.description ?? "UNREACHABLE") }
            }
            return await group.reduce(into: [String: String]()) { $0[$1.0] = $1.1 }
        }
        var services = JSONObject()
        for upstream in upstreams.processes {
            services[upstream.name] = .string(states[upstream.name] ?? "UNREACHABLE")
        }
        let notReady = upstreams.processes.map(\.name).filter { states[$0] != "SERVING" }
        var body: JSONObject = ["status": .string(notReady.isEmpty ? "ready" : "not ready")]
        if !notReady.isEmpty { body["notReady"] = .array(notReady.map { .string($0) }) }
        body["services"] = .object(services)
        return RESTResponse(
            status: notReady.isEmpty ? 200 : 503, headers: notReady.isEmpty ? [:] : ["retry-after": "1"],
            body: JSONValue.object(body).text())
    }

    private var welcome: JSONValue {
        .object([
            "name": .string("Rapport"),
            "rest": .string("/v1/… with a bearer token, for example /v1/views/coach"),
            "openapi": .string("/openapi.json"),
            "grpc": .array(services.map { .string($0) }),
            "reflection": .string("grpc.reflection.v1 and v1alpha"),
            "health": .array([.string("/healthz"), .string("/readyz"), .string("grpc.health.v1")]),
        ])
    }
}
