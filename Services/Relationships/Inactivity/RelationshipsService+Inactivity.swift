import RPC
import Schema
import ServiceKit
import Storage

extension ReportInactivityRequest: Mutation {}
extension OfferRematchRequest: Mutation {}
extension ListInactivityReportsRequest: ListRequest {}
extension ListInactiveRelationshipsRequest: ListRequest {}

/// One of the two says that the other one is silent; the rest follows by itself (docs/domain.md §2.2, §6.1).
extension RelationshipsService {
    func getRelationshipActivity(
        _ request: GetRelationshipActivityRequest, _ context: ServerContext
    ) async throws -> RelationshipActivity {
        let name = try ResourceName(
            parentOf: request.name, singleton: "activity", ["organizations", "relationships"])
        return try await runtime.read(context, under: name.text) { snapshot, access in
            let pair = access.relationship
            let trustee = try Activity.last(of: pair.trustee, in: name.text, snapshot)
            let trustor = try Activity.last(of: pair.trustor, in: name.text, snapshot)
            let last = [trustee, trustor].compactMap { $0 }.max()
            return RelationshipActivity(
                name: request.name, lastActivityTime: last?.timestamp ?? pair.startTime,
                trusteeActivityTime: trustee?.timestamp, trustorActivityTime: trustor?.timestamp)
        }
    }

    func reportInactivity(
        _ request: ReportInactivityRequest, _ context: ServerContext
    ) async throws -> InactivityReport {
        let name = try ResourceName(request.name, "organizations", "relationships")
        return try await runtime.mutate(request, context, under: name.text, answering: Tables.inactivityReports) {
            change in
            let person = try change.party(.trustor, .trustee)
            try change.requireActive()
            let pair = change.relationship
            guard request.etag.isEmpty || request.etag == pair.etag else { throw Refusal.etagMismatch }
            guard !pair.importing else {
                throw Refusal(
                    .failedPrecondition, "IMPORTING", "Nobody is reminded of the past: finish the import first.")
            }
            let silent = person == pair.trustor ? pair.trustee : pair.trustor
            guard try !change.openReports().contains(where: { $0.silent == silent }) else {
                throw Refusal.wrongState("a report", is: "OPEN already", needs: "none that is open")
            }
            let report = try InactivityReport.reported(
                by: person, about: silent, name: change.newName("inactivityReports", in: name.text),
                last: try Activity.last(of: silent, in: name.text, change.transaction),
                start: try Check.instant(pair.startTime, "relationship.start_time"),
                absences: try change.absences(of: silent), at: change.now)
            let stored = try change.create(Tables.inactivityReports, report)
            try change.scheduleStep(of: stored)
            return try change.announce(stored)
        }
    }

    func offerRematch(_ request: OfferRematchRequest, _ context: ServerContext) async throws -> InactivityReport {
        let report = try await runtime.mutate(
            request, context, under: request.name, answering: Tables.inactivityReports,
            admitting: { caller, _, _ in caller.isProgrammeAdmin },
            { change in
                guard change.caller?.isProgrammeAdmin == true else {
                    throw Refusal.roleForbidden("Programme administrators offer a new match.")
                }
                var report = try change.get(Tables.inactivityReports, request.name)
                // An administrator learns of a report with its last step.
                guard report.isTold else { throw Refusal.notFound(request.name) }
                guard report.state == .open else {
                    throw Refusal.wrongState("the report", is: report.state, needs: "OPEN")
                }
                report.rematchOfferTime = change.now.timestamp
                return try change.announce(try change.save(Tables.inactivityReports, report))
            })
        return report.seenByProgramme
    }

    func getInactivityReport(
        _ request: GetInactivityReportRequest, _ context: ServerContext
    ) async throws -> InactivityReport {
        let name = try ResourceName(request.name, Tables.Form.inactivityReports)
        let isParty = try await isParty(context, of: name.parent)
        return try await runtime.database.read { snapshot in
            guard let report = try Tables.inactivityReports.find(name.text, in: snapshot), isParty || report.isTold
            else { throw Refusal.notFound(name.text) }
            return isParty ? report : report.seenByProgramme
        }
    }

    func listInactivityReports(
        _ request: ListInactivityReportsRequest, _ context: ServerContext
    ) async throws -> ListInactivityReportsResponse {
        let isParty = try await isParty(context, of: try ResourceName(request.parent, "organizations", "relationships"))
        let page = try await runtime.page(
            context, Tables.inactivityReports, request, hiding: isParty ? [] : Self.hiddenFromProgramme,
            visible: { isParty || $0.isTold })
        return ListInactivityReportsResponse(
            inactivityReports: isParty ? page.items : page.items.map(\.seenByProgramme),
            nextPageToken: page.nextPageToken)
    }

    func listInactiveRelationships(
        _ request: ListInactiveRelationshipsRequest, _ context: ServerContext
    ) async throws -> ListInactiveRelationshipsResponse {
        let programme = try ResourceName(request.parent, "organizations", "programmes")
        let caller = try context.caller
        guard caller.belongs(to: programme.organization) else { throw Refusal.notParty }
        guard caller.isProgrammeAdmin else {
            throw Refusal.roleForbidden("Only programme administrators see which pairs are inactive.")
        }
        let page = try await runtime.page(context, request) { snapshot, after, limit in
            try Activity.told(of: programme.text, after: after, limit: limit, in: snapshot).compactMap { name in
                try Tables.inactivityReports.find(name, in: snapshot).map { ($0.seenByProgramme, position: name) }
            }
        }
        return ListInactiveRelationshipsResponse(inactivityReports: page.items, nextPageToken: page.nextPageToken)
    }

    private static let hiddenFromProgramme: Set<String> = ["reported_by", "silent", "last_activity_time", "step_times"]

    /// Whether one of the two asks; false for an administrator.
    /// - Throws: `Refusal` NOT_PARTY for everybody else.
    func isParty(_ context: ServerContext, of relationship: ResourceName) async throws -> Bool {
        let caller = try context.caller
        guard caller.service == nil, caller.belongs(to: relationship.organization) else { throw Refusal.notParty }
        let isParty = try await runtime.database.read { snapshot in
            try Tables.relationships.find(relationship.text, in: snapshot).map { $0.isParty(caller.person ?? "") }
        }
        guard let isParty, isParty || caller.isProgrammeAdmin else { throw Refusal.notParty }
        return isParty
    }
}

extension Change {
    fileprivate func openReports() throws -> [InactivityReport] {
        let pair = try ResourceName(relationship.name, "organizations", "relationships")
        return try Tables.inactivityReports.list(
            parent: pair, state: InactivityReport.State.open.rawValue, limit: 2, in: transaction)
    }

    /// When somebody could not be expected to do anything: leave, and pauses that are over.
    fileprivate func absences(of person: String) throws -> [InactivityLadder.Absence] {
        let leave = try list(Tables.leaveWindows, parent: person, limit: 4 * LeaveWindow.maximumPerPerson)
            .filter { !$0.isDeleted }.map { (start: $0.startTime, end: $0.endTime) }
        let pauses = relationship.pauses.filter { $0.endTime != nil }.map { (start: $0.startTime, end: $0.endTime) }
        return try (leave + pauses).map {
            InactivityLadder.Absence(
                start: try Check.instant($0.start, "start_time"), end: try Check.instant($0.end, "end_time"))
        }
    }

    fileprivate func announce(_ report: InactivityReport) throws -> InactivityReport {
        try publish("inactivity.step_taken.v1", .resourceChanged(ResourceChanged(resource: report.name)))
        return report
    }

    /// The next step, or, behind the last one, the next look at whether the silent one is back.
    fileprivate func scheduleStep(of report: InactivityReport) throws {
        let next =
            try report.nextStepTime.map { try Instant($0) } ?? now.adding(days: InactivityLadder.stepDays)
        try schedule(.inactivityStep, for: report.name, at: next)
    }

    /// A week has passed. The silent one is back, or was away for some of it, or the next step follows.
    func climb(_ name: String) throws {
        guard var report = try find(Tables.inactivityReports, name), report.state == .open else { return }
        guard relationship.state == .active, !relationship.importing else { return try close(report, .closed) }
        let lastStep = try Check.instant(report.stepTimes.last, "step_times")
        if let last = try Activity.last(of: report.silent, in: relationship.name, transaction), last > lastStep {
            return try close(report, .activeAgain)
        }
        let absences = try absences(of: report.silent)
        let deadline = InactivityLadder.deadline(
            after: lastStep, days: InactivityLadder.stepDays, without: absences)
        if deadline > now {
            report.nextStepTime = report.isTold ? nil : deadline.timestamp
            report = try save(Tables.inactivityReports, report)
            return try schedule(.inactivityStep, for: name, at: deadline)
        }
        guard let next = report.nextStep else { return try scheduleStep(of: report) }
        report.climb(to: next, absences: absences, at: now)
        report = try save(Tables.inactivityReports, report)
        if report.isTold { try Activity.tell(name, of: relationship.programme, in: transaction) }
        try scheduleStep(of: report)
        _ = try announce(report)
    }

    fileprivate func close(_ report: InactivityReport, _ state: InactivityReport.State) throws {
        var report = report
        report.close(state, at: now)
        report = try save(Tables.inactivityReports, report)
        try cancel(.inactivityStep, for: report.name)
        try Activity.untell(report.name, of: relationship.programme, in: transaction)
    }

    /// The pair is not active any more: nobody is reminded.
    func closeInactivityReports() throws {
        for report in try openReports() { try close(report, .closed) }
    }

    /// A pause is over: the next step comes later.
    func shiftInactivityReports(by microseconds: Int64) throws {
        for var report in try openReports() {
            guard let next = report.nextStepTime else { continue }
            report.nextStepTime = try Instant(next).adding(microseconds: microseconds).timestamp
            _ = try save(Tables.inactivityReports, report)
        }
    }
}
