import RPC
import Schema
import ServiceKit
import Storage

/// Gathers the exports that wait, one after another, beside requests. One that a restart interrupts begins again; a service
/// that is down is asked again.
struct RunningExport: Sendable {
    /// Lines that one row holds, in bytes.
    static let chunkBytes = 256 << 10

    let runtime: Runtime
    /// Who is asked, in this order.
    var services = Erasure.services
    /// Of all lines.
    var maximumBytes = DataExport.maximumBytes

    func run() async throws { try await runtime.work(on: "an export", runAll) }

    /// All that waits now. One that has to wait for a service holds up no other one.
    func runAll() async throws {
        var problem: (any Error)?
        for name in try await runtime.database.read({ try ExportStore.waiting(in: $0) }) {
            do {
                try await gather(try ResourceName(name, Tables.Form.dataExports))
            } catch let error as CancellationError {
                throw error
            } catch {
                problem = error
            }
        }
        if let problem { throw problem }
    }

    private func gather(_ name: ResourceName) async throws {
        guard try await begin(name) else { return }
        let person = name.parent.text
        do {
            let relationships = try await runtime.database.read {
                try OwnRelationships().relationships(of: person, in: $0).map(\.name)
            }
            let steps = services.flatMap { service in ([""] + relationships).map { (service, $0) } }
            var lines = Lines()
            for (number, (service, relationship)) in steps.enumerated() {
                try await items(of: person, in: relationship, from: service) { items in
                    for item in items {
                        lines.add(item, from: service)
                        guard lines.size <= maximumBytes else {
                            throw Refusal(
                                .resourceExhausted, "EXPORT_TOO_LARGE",
                                "the data of this person are more than \(maximumBytes) bytes")
                        }
                        if lines.waiting.count >= Self.chunkBytes { try await store(lines.take(), of: name) }
                    }
                }
                try await report(Int32(100 * number / steps.count), lines, of: name)
            }
            try await store(lines.take(), of: name)
            try await finish(name) { [lines] change, export in
                export.itemCount = lines.itemCount
                export.sizeBytes = lines.size
                export.succeed(at: change.now)
                try change.schedule(
                    .exportExpires, for: export.name, at: Check.instant(export.expireTime, "expire_time"))
                try change.audit("export.completed", export.name, about: [person])
            }
        } catch is Overtaken {
            return
        } catch let error where !(error is CancellationError) && !error.isPassing {
            runtime.logger.error("an export failed", metadata: ["export": "\(name)", "error": "\(error)"])
            let refusal = Refusal(failed: error)
            try await finish(name) { change, export in
                export.fail(refusal, at: change.now)
                try ExportStore(name).destroy(in: change.transaction)
            }
        }
    }

    private func items(
        of person: String, in relationship: String, from service: String, _ body: ([PersonalItem]) async throws -> Void
    ) async throws {
        guard service != runtime.service else {
            return try await runtime.personalData(
                of: person, in: relationship, kinds: RelationshipsService.kinds, body)
        }
        let answers = try await PersonalDataServiceClient(runtime.call(service)).streamPersonalData(
            StreamPersonalDataRequest(person: person, relationship: relationship),
            options: try await runtime.workloadOptions(timeout: .seconds(60)))
        for try await answer in answers { try await body(answer.items) }
    }

    // MARK: Its own changes

    /// It was cancelled, or its person is gone.
    private struct Overtaken: Error {}

    private func change<T: Sendable>(
        _ name: ResourceName, _ body: @Sendable @escaping (Change) throws -> T
    ) async throws -> T {
        try await runtime.act(as: "export", in: name.organization, body)
    }

    private func begin(_ name: ResourceName) async throws -> Bool {
        try await change(name) { change in
            guard var export = try change.find(Tables.dataExports, name.text), export.begin(at: change.now) else {
                try ExportStore(name).dequeue(in: change.transaction)
                return false
            }
            try ExportStore(name).destroy(in: change.transaction)
            _ = try change.save(Tables.dataExports, export)
            return true
        }
    }

    private func store(_ chunk: (lines: [UInt8], number: Int)?, of name: ResourceName) async throws {
        guard let chunk else { return }
        try await change(name) { change in
            guard try change.find(Tables.dataExports, name.text)?.state == .running else { throw Overtaken() }
            try ExportStore(name).append(chunk.lines, number: chunk.number, in: change.transaction)
        }
    }

    private func report(_ percent: Int32, _ lines: Lines, of name: ResourceName) async throws {
        let (items, size) = (lines.itemCount, lines.size)
        try await change(name) { change in
            guard var export = try change.find(Tables.dataExports, name.text), export.state == .running else {
                throw Overtaken()
            }
            guard percent >= export.progressPercent + 5 else { return }
            export.progressPercent = percent
            export.itemCount = items
            export.sizeBytes = size
            _ = try change.save(Tables.dataExports, export)
        }
    }

    private func finish(
        _ name: ResourceName, _ body: @Sendable @escaping (Change, inout DataExport) throws -> Void
    ) async throws {
        try await change(name) { change in
            try ExportStore(name).dequeue(in: change.transaction)
            guard var export = try change.find(Tables.dataExports, name.text), export.state == .running else { return }
            try body(change, &export)
            _ = try change.save(Tables.dataExports, export)
        }
    }
}

/// Newline-delimited JSON that waits to be stored.
private struct Lines: Sendable {
    private(set) var waiting: [UInt8] = []
    private(set) var itemCount: Int32 = 0
    private(set) var size: Int64 = 0
    private var chunks = 0

    mutating func add(_ item: PersonalItem, from service: String) {
        // Names of services and types need no escaping.
        let line = Array(#"{"service":"\#(service)","type":"\#(item.type)","data":\#(item.json)}"#.utf8)
        waiting += line
        waiting.append(UInt8(ascii: "\n"))
        size += Int64(line.count + 1)
        itemCount += 1
    }

    /// Nil when nothing waits.
    mutating func take() -> (lines: [UInt8], number: Int)? {
        guard !waiting.isEmpty else { return nil }
        chunks += 1
        defer { waiting = [] }
        return (waiting, chunks)
    }
}

extension Error {
    /// Another attempt can do better: a service is down or slow.
    fileprivate var isPassing: Bool {
        let code = (self as? RPCError)?.code ?? (self as? Refusal)?.code
        return code == .unavailable || code == .deadlineExceeded
    }
}
